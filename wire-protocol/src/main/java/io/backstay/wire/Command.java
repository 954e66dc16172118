package io.backstay.wire;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.ServerRecord;
import io.backstay.model.Work;
import io.backstay.wlog.SessionUuid;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What a server can be asked. Each is answered by one {@link Reply}; what takes long is an
 * operation that is watched.
 */
public sealed interface Command {

  /**
   * A command of a newer release: answered {@code unsupported}, and the connection stays (rule K7).
   */
  record Unknown() implements Command {}

  // ---- every server

  /** What the ledger of operations answers, the same at every server that has one. */
  sealed interface ForOperations extends Command {}

  /** Answered by {@link Reply.ServerFacts}. */
  record Describe() implements Command {}

  /**
   * Start the work as this operation, or attach to it, or answer with its result (rule K3).
   * Answered by {@link Reply.Operation}.
   *
   * @param operation original run id + "/" + step
   * @param epoch of the run's reservation; 0 for work that carries a hold instead (restore, verify)
   */
  record Start(String operation, String volume, long epoch, Work work) implements ForOperations {
    public Start {
      if (operation == null || operation.isBlank() || operation.length() > 200) {
        throw new IllegalArgumentException(
            "operation id has no text or over 200 characters: " + operation);
      }
      Names.require("volume", volume);
      Objects.requireNonNull(work, "work");
      if (epoch < 0)
        throw new IllegalArgumentException("epoch of " + operation + " is negative: " + epoch);
    }
  }

  /** How far is it? Counts as watching it (rule K3). Answered by {@link Reply.Operation}. */
  record Watch(String operation, String volume) implements ForOperations {}

  /**
   * Stop it in a steady state, keeping what is durable. Idempotent. Answered by {@link
   * Reply.Operation}.
   */
  record Cancel(String operation, String volume) implements ForOperations {}

  /**
   * The ledger, newest first: what {@code run list} shows when Temporal is away (rule F4). Answered
   * by {@link Reply.Operations}.
   */
  record ListOperations(Optional<String> volume) implements ForOperations {}

  /** All volumes that this server knows. Answered by {@link Reply.Volumes}. */
  record ListVolumes() implements Command {}

  // ---- storage

  /** What lies at a path of the storage's node. Answered by {@link Reply.DeviceFound}. */
  record ExamineDevice(String path) implements Command {}

  /**
   * Where the storage would keep data and log of a volume of that name itself. Answered by {@link
   * Reply.OwnPlace}.
   */
  record FindOwnPlace(String volume) implements Command {
    public FindOwnPlace {
      Names.require("volume", volume);
    }
  }

  /**
   * What is done at once to a logged volume, by its storage alone. All but {@link TakeSnapshot} are
   * answered by {@link Reply.Volumes} with that volume, and doing them again changes nothing.
   */
  sealed interface ForLoggedVolume extends Command {
    String volume();
  }

  /**
   * A snapshot of everything that was acknowledged before (rule M1). Answered by {@link
   * Reply.SnapshotTaken}.
   */
  record TakeSnapshot(String volume, Optional<String> label) implements ForLoggedVolume {
    public TakeSnapshot {
      Names.require("volume", volume);
      label = label == null ? Optional.empty() : label;
    }
  }

  /** Let all clients go, and serve it no more until it is started. */
  record StopVolume(String volume) implements ForLoggedVolume {
    public StopVolume {
      Names.require("volume", volume);
    }
  }

  /** Serve it again. */
  record StartVolume(String volume) implements ForLoggedVolume {
    public StartVolume {
      Names.require("volume", volume);
    }
  }

  /**
   * Begin a new local session of its log: what the log has for an archive is given up (rule M2).
   *
   * @param session number of the session that is to end; where a later one is, nothing happens
   */
  record ResetVolume(String volume, int session) implements ForLoggedVolume {
    public ResetVolume {
      Names.require("volume", volume);
    }
  }

  /** Serve it as its log has it, although its newest writes are gone (rule L2). */
  record AcceptLoss(String volume) implements ForLoggedVolume {
    public AcceptLoss {
      Names.require("volume", volume);
    }
  }

  // ---- storage and proxy

  /**
   * Send what waits to be sent of the volume now, whatever failed before and how long ago. Answered
   * by {@link Reply.Done}.
   */
  record Kick(String volume) implements Command {
    public Kick {
      Names.require("volume", volume);
    }
  }

  // ---- storage and archive

  /**
   * XXH3-128 of each 1 MiB range. A storage hashes the source, an archive the image of {@code gid}.
   * Answered by {@link Reply.Hashes}.
   *
   * @param gid present at an archive only
   * @param offset a multiple of 1 MiB
   * @param ranges at most {@link #RANGES_MAX}
   */
  record HashRanges(String volume, Optional<Long> gid, long offset, int ranges) implements Command {
    public static final int RANGES_MAX = 512;

    public HashRanges {
      if (offset < 0
          || offset % Message.ImageChunk.RANGE_BYTES != 0
          || ranges < 1
          || ranges > RANGES_MAX) {
        throw new IllegalArgumentException("hashes of %d ranges at %d".formatted(ranges, offset));
      }
    }
  }

  // ---- archive

  /**
   * Restorable points, oldest first. Answered by {@link Reply.Points}.
   *
   * @param fromGid those before it are left out; 0 for all
   * @param newest at most so many of them, the newest ones; 0 for as many, from the oldest on, as
   *     an answer holds
   */
  record ListPoints(String volume, Long fromGid, Integer newest) implements Command {
    /** So many fit into an answer. */
    public static final int POINTS_MAX = 2000;

    public ListPoints(String volume) {
      this(volume, 0L, 0);
    }

    public ListPoints {
      fromGid = Objects.requireNonNullElse(fromGid, 0L);
      newest = Objects.requireNonNullElse(newest, 0);
    }

    /** What asks for the points behind this answer; empty where there are none. */
    public Optional<ListPoints> next(Reply.Points page) {
      if (!page.more() || page.points().isEmpty()) return Optional.empty();
      long last = page.points().getLast().gid();
      if (last < fromGid)
        throw new IllegalStateException(
            "points from gid %d on were asked for, up to %d they came".formatted(fromGid, last));
      return Optional.of(new ListPoints(volume, last + 1, 0));
    }
  }

  /**
   * Storage to archive, before it begins a session of a volume's log (rule M2): the archive durably
   * takes diffs of it from then on. Answered by {@link Reply.SessionAgreed}. The same uuid again is
   * the same session.
   *
   * @param epoch of the run's reservation (rule K2)
   * @param numberMin at least that; greater than every number that the storage knows
   * @param firstGidMin at least that; greater than every gid that the storage gave
   */
  record AgreeSession(String volume, long epoch, SessionUuid uuid, int numberMin, long firstGidMin)
      implements Command {
    public AgreeSession {
      Names.require("volume", volume);
      Objects.requireNonNull(uuid, "uuid");
    }
  }

  /**
   * Whether a point is kept by merges: an explicit snapshot is, until somebody says otherwise.
   * Answered by {@link Reply.Done}; as wanted already: nothing happens.
   *
   * @param kept enable or disable the snapshot, in walb's words
   */
  record KeepSnapshot(String volume, long gid, boolean kept) implements Command {
    public KeepSnapshot {
      Names.require("volume", volume);
    }
  }

  /**
   * Serve a point over NBD at once, from the archive, until it is closed. Answered by {@link
   * Reply.Exports} with that one; one that is open as wanted already is answered again.
   *
   * @param name a new name for it, or that of one that is open
   * @param writable writes go to a file of their own and are gone when it is closed
   */
  record OpenExport(String volume, long gid, String name, boolean writable) implements Command {
    public OpenExport {
      Names.require("volume", volume);
      Names.require("volume", name);
    }
  }

  /** Idempotent. Answered by {@link Reply.Done}. */
  record CloseExport(String volume, String name) implements Command {}

  /** Answered by {@link Reply.Exports}. */
  record ListExports(Optional<String> volume) implements Command {}

  /**
   * Keep the point for this operation until {@code keep} from now, or longer if it is held longer
   * already (rule X10).
   */
  record TakeHold(String operation, String volume, long gid, Duration keep) implements Command {}

  /** Idempotent. */
  record ReleaseHold(String operation, String volume) implements Command {}

  // ---- catalog

  /** What the catalog alone answers (rule K1). */
  sealed interface ForCatalog extends Command {}

  /** All records. Answered by {@link Reply.CatalogRecords}. */
  record ReadCatalog() implements ForCatalog {}

  /**
   * Answered by {@link Reply.Written}; a version other than the stored one is refused. 0: it must
   * not exist.
   */
  record WriteServer(ServerRecord server, long expectedVersion) implements ForCatalog {}

  /**
   * Store the record of a volume and sign it; needs the volume's current reservation (rule K2). The
   * record's version must be the stored one plus 1. Answered by {@link Reply.SignedRecord}.
   */
  record WriteProtection(long epoch, ProtectionRecord record) implements ForCatalog {}

  /**
   * Forget the record of a volume; needs the volume's current reservation. Epochs go on from where
   * they were.
   */
  record RemoveProtection(long epoch, String volume) implements ForCatalog {}

  /**
   * Reserve the volume (rule K2). The same workflow, original run and operation get the reservation
   * they have. Answered by {@link Reply.Reserved}, or refused with {@code already-running}.
   *
   * @param supersedes epoch of a holder that the caller found to be over: it is replaced if it
   *     still holds
   */
  record Reserve(
      String volume,
      OperationKind operation,
      String workflowId,
      String originalRunId,
      String inputHash,
      Optional<Long> supersedes)
      implements ForCatalog {}

  /** Idempotent: a reservation with another epoch stays. */
  record Release(String volume, long epoch) implements ForCatalog {}
}
