package io.backstay.model;

import java.util.Objects;
import java.util.Optional;

/**
 * What a server is asked to do as one operation of its ledger (rule K3). The same operation id with
 * the same work attaches to it or answers with its result; with other work it is refused as {@link
 * RefusalCode#DIFFERENT_INPUT}.
 */
public sealed interface Work {
  OperationKind kind();

  /** The same work without its grant: what input hashes are made of. */
  default Work withoutGrant() {
    return this;
  }

  /** Storage or archive: take the volume under this record. */
  record AddVolume(Signed record) implements Work {
    public AddVolume {
      Objects.requireNonNull(record, "record");
    }

    @Override
    public OperationKind kind() {
      return OperationKind.ADD_VOLUME;
    }
  }

  /**
   * Storage or archive: go on under this record, which has another size than the one that is known.
   * An archive takes images of up to that size from then on; a storage makes the volume that large
   * while it is served (rule L9).
   */
  record Resize(Signed record) implements Work {
    public Resize {
      Objects.requireNonNull(record, "record");
    }

    @Override
    public OperationKind kind() {
      return OperationKind.RESIZE;
    }
  }

  /**
   * Storage: go on under this record, which differs from the one that is known in how the log is
   * kept and sent. Proxies and archives learn of it from the storage (rule M3).
   */
  record SetVolume(Signed record) implements Work {
    public SetVolume {
      Objects.requireNonNull(record, "record");
    }

    @Override
    public OperationKind kind() {
      return OperationKind.SET_VOLUME;
    }
  }

  /**
   * Storage or archive: forget the volume; at an archive all its points are destroyed, so that
   * needs a grant.
   */
  record ClearVolume(String inputHash, Optional<Signed> grant) implements Work {
    @Override
    public OperationKind kind() {
      return OperationKind.CLEAR_VOLUME;
    }

    @Override
    public Work withoutGrant() {
      return new ClearVolume(inputHash, Optional.empty());
    }
  }

  /**
   * Storage: send the whole volume to the archive.
   *
   * @param archive server name
   * @param archiveAddress host:port
   * @param bytesPerSecondMax 0 for no limit
   */
  record FullBackup(String archive, String archiveAddress, long bytesPerSecondMax) implements Work {
    public FullBackup {
      Names.require("server", archive);
      Objects.requireNonNull(archiveAddress, "archiveAddress");
      if (bytesPerSecondMax < 0)
        throw new IllegalArgumentException("rate limit is negative: " + bytesPerSecondMax);
    }

    @Override
    public OperationKind kind() {
      return OperationKind.FULL_BACKUP;
    }
  }

  /**
   * Archive: write the image of {@code gid} to a target. Carries a hold instead of an epoch: the
   * operation owns the hold.
   *
   * @param node node that the path is on
   * @param receiver the storage on that node which writes, or empty when the archive writes itself
   *     (rule K6)
   * @param overwrite whether a target that is not empty may be written; then the grant is needed
   */
  record Restore(
      long gid,
      String node,
      Optional<Receiver> receiver,
      String path,
      Overwrite overwrite,
      long bytesPerSecondMax,
      String inputHash,
      Optional<Signed> grant)
      implements Work {
    public Restore {
      Names.require("node", node);
      Objects.requireNonNull(overwrite, "overwrite");
      if (!path.startsWith("/"))
        throw new IllegalArgumentException("target path is not absolute: " + path);
      if (gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
      if (bytesPerSecondMax < 0)
        throw new IllegalArgumentException("rate limit is negative: " + bytesPerSecondMax);
    }

    @Override
    public OperationKind kind() {
      return OperationKind.RESTORE;
    }

    @Override
    public Work withoutGrant() {
      return new Restore(
          gid, node, receiver, path, overwrite, bytesPerSecondMax, inputHash, Optional.empty());
    }
  }

  /**
   * A storage that writes a restore for an archive on another node; {@code address} is host:port.
   */
  record Receiver(String server, String address) {
    public Receiver {
      Names.require("server", server);
      Objects.requireNonNull(address, "address");
    }
  }

  /** Whether a restore may write to a target that holds something. */
  enum Overwrite {
    ONLY_EMPTY,
    OVERWRITE
  }

  /**
   * Archive: read the image of {@code gid} and compare it with the checksums at rest and the hashes
   * taken at the source.
   */
  record Verify(long gid, long bytesPerSecondMax) implements Work {
    public Verify {
      if (gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
    }

    @Override
    public OperationKind kind() {
      return OperationKind.VERIFY;
    }
  }

  /** Archive: delete one point, never the newest and never a held one (rule L10). */
  record DeletePoint(long gid, String inputHash, Optional<Signed> grant) implements Work {
    @Override
    public OperationKind kind() {
      return OperationKind.DELETE_POINT;
    }

    @Override
    public Work withoutGrant() {
      return new DeletePoint(gid, inputHash, Optional.empty());
    }
  }

  /**
   * Storage: a snapshot of everything that was acknowledged before (rule M1). The same operation
   * again is the same snapshot.
   */
  record Snapshot(Optional<String> label) implements Work {
    public Snapshot {
      label = label == null ? Optional.empty() : label;
    }

    @Override
    public OperationKind kind() {
      return OperationKind.SNAPSHOT;
    }
  }

  /**
   * Archive: fold the diffs up to {@code gid} into the base image; what was before it cannot be
   * restored any more, so that needs a grant.
   */
  record Apply(long gid, String inputHash, Optional<Signed> grant) implements Work {
    public Apply {
      if (gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
    }

    @Override
    public OperationKind kind() {
      return OperationKind.APPLY;
    }

    @Override
    public Work withoutGrant() {
      return new Apply(gid, inputHash, Optional.empty());
    }
  }

  /**
   * Archive: fold neighbouring diffs from one gid to another into as few as explicit snapshots and
   * holds allow; the points between cannot be restored any more, so that needs a grant.
   */
  record Merge(long fromGid, long toGid, String inputHash, Optional<Signed> grant) implements Work {
    public Merge {
      if (fromGid < 0 || fromGid >= toGid)
        throw new IllegalArgumentException("merge from gid %d to %d".formatted(fromGid, toGid));
    }

    @Override
    public OperationKind kind() {
      return OperationKind.MERGE;
    }

    @Override
    public Work withoutGrant() {
      return new Merge(fromGid, toGid, inputHash, Optional.empty());
    }
  }
}
