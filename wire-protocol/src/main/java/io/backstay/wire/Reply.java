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
      Optional<LogFacts> log) {
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
      Optional<Cut> newestCut) {
    public LogFacts {
      secondsToFull = secondsToFull == null ? Optional.empty() : secondsToFull;
      givenUp = givenUp == null ? Optional.empty() : givenUp;
      newestCut = newestCut == null ? Optional.empty() : newestCut;
    }
  }

  record SnapshotTaken(Cut cut) implements Reply {}

  record Volumes(List<VolumeFacts> volumes) implements Reply {}

  record DeviceFound(DeviceFacts facts) implements Reply {}

  /** Absolute paths; whether anything is there does not matter. */
  record OwnPlace(String data, String log) implements Reply {}

  record Hashes(long offset, Bytes hashes) implements Reply {}

  record Points(List<Point> points) implements Reply {}

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
