package io.backstay.wire;

import io.backstay.model.Bytes;
import io.backstay.model.Cut;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.Reservation;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.seam.DeviceFacts;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The answer to a {@link Command}. */
public sealed interface Reply {
  record Done() implements Reply {}

  /**
   * @param holder present with {@code already-running}: who holds the volume
   */
  record Refused(Refusal refusal, Optional<Reservation> holder) implements Reply {
    public Refused(Refusal refusal) {
      this(refusal, Optional.empty());
    }
  }

  /**
   * @param certificateExpiry when this server's certificate ends
   */
  record ServerFacts(
      String name,
      Role role,
      String node,
      String group,
      long pid,
      Instant started,
      String software,
      Instant certificateExpiry)
      implements Reply {}

  record Operation(OperationReport report) implements Reply {}

  record Operations(List<OperationReport> reports) implements Reply {}

  /**
   * @param state of the server's own state table, upper case: CLEAR, READY, SYNC_READY, ARCHIVED
   * @param running kinds of the operations that run on it now
   */
  record VolumeFacts(
      String volume,
      VolumeKind kind,
      long sizeBytes,
      String state,
      long recordVersion,
      long epoch,
      List<String> running,
      Optional<Point> newest,
      Optional<String> trouble,
      Optional<LogFacts> log,
      Optional<SpoolFacts> spool,
      Optional<ChainFacts> chain) {
    /** Of a storage's volume. */
    public VolumeFacts(
        String volume,
        VolumeKind kind,
        long sizeBytes,
        String state,
        long recordVersion,
        long epoch,
        List<String> running,
        Optional<Point> newest,
        Optional<String> trouble,
        Optional<LogFacts> log) {
      this(
          volume,
          kind,
          sizeBytes,
          state,
          recordVersion,
          epoch,
          running,
          newest,
          trouble,
          log,
          Optional.empty(),
          Optional.empty());
    }

    /** Of a volume without a log, or of an archive's. */
    public VolumeFacts(
        String volume,
        VolumeKind kind,
        long sizeBytes,
        String state,
        long recordVersion,
        long epoch,
        List<String> running,
        Optional<Point> newest,
        Optional<String> trouble) {
      this(
          volume,
          kind,
          sizeBytes,
          state,
          recordVersion,
          epoch,
          running,
          newest,
          trouble,
          Optional.empty());
    }

    public VolumeFacts {
      log = log == null ? Optional.empty() : log;
      spool = spool == null ? Optional.empty() : spool;
      chain = chain == null ? Optional.empty() : chain;
    }
  }

  /**
   * What a proxy has of a volume.
   *
   * @param diffs that not all their archives have yet
   * @param receivedGid newest gid that it made durable; empty where it has none since it started
   * @param putAside diffs that an archive will never take, kept for somebody to look at (rule X2)
   * @param taking number of the session whose log it takes now; empty where it takes none
   */
  record SpoolFacts(
      int diffs,
      long bytes,
      Optional<Long> receivedGid,
      int putAside,
      List<Delivery> deliveries,
      Optional<Integer> taking) {
    /** Of a proxy that takes no log now. */
    public SpoolFacts(
        int diffs,
        long bytes,
        Optional<Long> receivedGid,
        int putAside,
        List<Delivery> deliveries) {
      this(diffs, bytes, receivedGid, putAside, deliveries, Optional.empty());
    }

    public SpoolFacts {
      taking = taking == null ? Optional.empty() : taking;
      deliveries = List.copyOf(deliveries);
    }
  }

  /**
   * How the diffs of a volume get to one archive.
   *
   * @param diffs that it does not have yet, as far as this proxy knows
   * @param oldest time of the oldest of them
   * @param failingSince of the first failure since it last took one: walb's wdiff-send-error
   */
  record Delivery(
      String archive,
      int diffs,
      long bytes,
      Optional<Instant> oldest,
      Optional<Instant> failingSince,
      Optional<String> trouble) {}

  /**
   * What an archive has of a logged volume beside its images.
   *
   * @param session that it follows; empty before the first image is complete
   * @param pending numbers of the sessions whose diffs it takes although it does not follow them
   *     yet (rule M2)
   * @param diffBytes of all diffs
   * @param latestGid newest gid that the unbroken chain reaches, clean or not
   * @param upToDateAt evidence, not belief: the volume at this archive is as it was at the source
   *     then; empty where nothing is restorable
   * @param missing why the chain does not go on although later diffs are here, in words: between
   *     which gids there is none, or which is damaged
   * @param imageComing whether an image is on its way in; null, of who does not say it, for true
   */
  record ChainFacts(
      Optional<Integer> session,
      List<Integer> pending,
      int diffs,
      long diffBytes,
      Optional<Long> latestGid,
      Optional<Instant> upToDateAt,
      Optional<String> missing,
      Boolean imageComing) {
    public ChainFacts {
      imageComing = imageComing == null || imageComing;
      pending = List.copyOf(pending);
    }
  }

  /**
   * How the log of a volume is; present while it is served.
   *
   * @param nbdUri where clients find it
   * @param usedBytes of the log, not yet released
   * @param capacityBytes most that may be used
   * @param bytesPerSecond how fast the log grew lately
   * @param notDurableBytes end of the log that is not durable yet
   * @param notWrittenBytes end of the log that is not known to be on the data device
   * @param secondsToFull when the log is full, or writers wait, if it goes on like this and nothing
   *     is released; empty where it does not fill
   * @param session number of the log's session (rule M2)
   * @param protectedNow whether log is kept for an archive and cuts are made
   * @param givenUp when the log was full and was given up (rule L6)
   * @param cuts of this session that are kept
   * @param newestCut of this session
   * @param firstGid of this session; empty where it is local
   * @param givenUpFrom lsid from which on the log was given up, where it was: cuts behind it are
   *     restorable only where a proxy or an archive has that log
   */
  record LogFacts(
      String nbdUri,
      long usedBytes,
      long capacityBytes,
      long bytesPerSecond,
      long notDurableBytes,
      long notWrittenBytes,
      Optional<Long> secondsToFull,
      int session,
      boolean protectedNow,
      Optional<Instant> givenUp,
      int cuts,
      Optional<Cut> newestCut,
      Optional<ShippingFacts> shipping,
      Optional<Long> firstGid,
      Optional<Long> givenUpFrom) {
    /** Of a log that is as it should be, in a session of which only the number is known. */
    public LogFacts(
        String nbdUri,
        long usedBytes,
        long capacityBytes,
        long bytesPerSecond,
        long notDurableBytes,
        long notWrittenBytes,
        Optional<Long> secondsToFull,
        int session,
        boolean protectedNow,
        Optional<Instant> givenUp,
        int cuts,
        Optional<Cut> newestCut,
        Optional<ShippingFacts> shipping) {
      this(
          nbdUri,
          usedBytes,
          capacityBytes,
          bytesPerSecond,
          notDurableBytes,
          notWrittenBytes,
          secondsToFull,
          session,
          protectedNow,
          givenUp,
          cuts,
          newestCut,
          shipping,
          Optional.empty(),
          Optional.empty());
    }

    public LogFacts {
      firstGid = firstGid == null ? Optional.empty() : firstGid;
      givenUpFrom = givenUpFrom == null ? Optional.empty() : givenUpFrom;
      shipping = shipping == null ? Optional.empty() : shipping;
      secondsToFull = secondsToFull == null ? Optional.empty() : secondsToFull;
      givenUp = givenUp == null ? Optional.empty() : givenUp;
      newestCut = newestCut == null ? Optional.empty() : newestCut;
    }
  }

  /**
   * How the log gets to the proxies (rule X1); present while it is kept for an archive.
   *
   * @param proxy that takes it now; empty where none does
   * @param unsentBytes durable log that no proxy has
   * @param unarchivedBytes durable log that is not known to be in all archives
   * @param sent newest cut that a proxy has
   * @param failingSince since when no proxy takes it
   * @param trouble why not
   * @param oldestUnsent of the first write that no proxy has; empty where there is none, or nobody
   *     knows
   * @param letGoGid log up to that gid was sent and let go of: it is not sent again
   */
  record ShippingFacts(
      Optional<String> proxy,
      long unsentBytes,
      long unarchivedBytes,
      Optional<Cut> sent,
      Optional<Instant> failingSince,
      Optional<String> trouble,
      Optional<Instant> oldestUnsent,
      Optional<Long> letGoGid) {
    public ShippingFacts {
      letGoGid = letGoGid == null ? Optional.empty() : letGoGid;
      oldestUnsent = oldestUnsent == null ? Optional.empty() : oldestUnsent;
    }
  }

  record SnapshotTaken(Cut cut) implements Reply {}

  record Volumes(List<VolumeFacts> volumes) implements Reply {}

  record DeviceFound(DeviceFacts facts) implements Reply {}

  /** Absolute paths; whether anything is there does not matter. */
  record OwnPlace(String data, String log) implements Reply {}

  record Hashes(long offset, Bytes hashes) implements Reply {}

  /**
   * @param more whether there are more, behind the last one
   * @param count of all points of the volume; empty where the archive does not say it
   */
  record Points(List<Point> points, Boolean more, Optional<Integer> count) implements Reply {
    public Points {
      more = more != null && more;
      count = count == null ? Optional.empty() : count;
    }

    public Points(List<Point> points, boolean more) {
      this(points, more, Optional.empty());
    }

    public Points(List<Point> points) {
      this(points, false);
    }
  }

  /** The number and first gid that storage and archive begin the session with. */
  record SessionAgreed(int number, long firstGid) implements Reply {}

  record Exports(List<ExportFacts> exports) implements Reply {}

  /**
   * A point that is served over NBD.
   *
   * @param trouble why it is not, where it is not
   */
  record ExportFacts(
      String name,
      String volume,
      long gid,
      boolean writable,
      Optional<String> nbdUri,
      Instant since,
      Optional<String> trouble) {}

  record Written(long version) implements Reply {}

  record SignedRecord(Signed record) implements Reply {}

  record Reserved(Reservation reservation) implements Reply {}

  /**
   * The whole catalog at one revision; small enough to be kept whole by everyone (rule K1).
   *
   * @param serverVersions by server name: what {@link Command.WriteServer} expects
   */
  record CatalogRecords(
      long revision,
      String group,
      List<ServerRecord> servers,
      Map<String, Long> serverVersions,
      List<Signed> protections,
      List<Reservation> reservations)
      implements Reply {
    public CatalogRecords {
      serverVersions = serverVersions == null ? Map.of() : Map.copyOf(serverVersions);
    }

    public CatalogRecords(
        long revision,
        String group,
        List<ServerRecord> servers,
        List<Signed> protections,
        List<Reservation> reservations) {
      this(revision, group, servers, Map.of(), protections, reservations);
    }
  }
}
