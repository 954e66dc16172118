package io.backstay.model;

import java.time.Instant;

/** What an operation came to; kept in the ledger for 30 days (rule K3). */
public sealed interface WorkResult {
  record VolumeAdded(long sizeBytes) implements WorkResult {}

  record VolumeResized(long sizeBytes) implements WorkResult {}

  /**
   * @param version of the record that the storage goes by now
   */
  record VolumeSet(long version) implements WorkResult {}

  record VolumeCleared(long pointsDestroyed, long bytesFreed) implements WorkResult {}

  /**
   * @param bytesRead bytes of the volume that were covered, zero ranges included
   * @param bytesSent payload bytes on the wire, those sent twice included
   * @param bytesResent payload bytes that were sent again after an interruption
   * @param startedAt byte position at which the transfer of this operation began: above 0 when a
   *     partial image was adopted
   */
  record BackedUp(
      long gid,
      Instant time,
      long bytesRead,
      long bytesSent,
      long bytesResent,
      long startedAt,
      double seconds,
      Point.Proof proof)
      implements WorkResult {}

  /**
   * @param bytesWritten payload bytes written; zero ranges of an empty target are not written
   */
  record Restored(
      long gid, String path, long sizeBytes, long bytesWritten, long bytesRewritten, double seconds)
      implements WorkResult {}

  /**
   * @param bytesCompared image bytes whose checksum and source hash were both found right
   */
  record Verified(long gid, long bytesCompared, double seconds) implements WorkResult {}

  record PointDeleted(long gid, long bytesFreed) implements WorkResult {}

  record SnapshotMade(Cut cut) implements WorkResult {}

  /**
   * @param gid of the oldest point from now on, which may be less than was asked for where no diff
   *     ends exactly there
   * @param pointsDestroyed that could be restored before
   */
  record Applied(long gid, int diffs, long pointsDestroyed, long bytesFreed, double seconds)
      implements WorkResult {}

  record Merged(
      int diffsBefore,
      int diffsAfter,
      long bytesBefore,
      long bytesAfter,
      long pointsDestroyed,
      double seconds)
      implements WorkResult {}
}
