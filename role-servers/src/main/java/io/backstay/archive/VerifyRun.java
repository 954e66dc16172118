package io.backstay.archive;

import io.backstay.image.Range;
import io.backstay.image.RangeHash;
import io.backstay.image.RangeSource;
import io.backstay.image.RangeWalk;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.BufferPool;
import io.backstay.server.RoleParts;
import io.backstay.volume.RunningOperation;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a whole image and compares every block with its checksum at rest and every range with the
 * hash that the source took when it was read there (rule L10): what is restored today is what the
 * source had.
 */
final class VerifyRun {
  /** Damaged ranges that are named; more are only known to be there. */
  private static final int NAMED_MAX = 100;

  private final RoleParts parts;
  private final Work.Verify work;

  VerifyRun(RoleParts parts, Work.Verify work) {
    this.parts = parts;
    this.work = work;
  }

  WorkResult.Verified verify(RunningOperation operation, PointImage image)
      throws RefusedException, IOException, InterruptedException {
    operation.step("reading and comparing", image.sizeBytes());
    operation.beginAt(0);
    RangeWalk walk = new RangeWalk(parts.time(), parts.pool(), operation, work.bytesPerSecondMax());
    Proving proving = new Proving(image);
    List<Long> damaged = new ArrayList<>();
    for (long from = 0; from < image.sizeBytes() && damaged.size() < NAMED_MAX; ) {
      try {
        from = walk.walk(proving, from);
      } catch (CorruptImageException e) {
        damaged.add(e.offset());
        from = e.offset() - e.offset() % ImageChunk.RANGE_BYTES + ImageChunk.RANGE_BYTES;
      }
    }
    if (!damaged.isEmpty()) {
      throw new RefusedException(
          Refusal.of(
                  RefusalCode.VERIFICATION_FAILED,
                  "point %d of %s is damaged in %d places"
                      .formatted(work.gid(), operation.volume(), damaged.size()))
              .attempted(
                  "compare %d bytes with their checksums and the source's hashes"
                      .formatted(image.sizeBytes()))
              .found("damage at byte " + damaged)
              .next("make a full backup now; points whose images are whole can still be restored"));
    }
    double seconds =
        Duration.between(operation.entry().started(), parts.time().now()).toMillis() / 1000.0;
    return new WorkResult.Verified(work.gid(), image.sizeBytes(), seconds);
  }

  /**
   * The image, each range of which is also compared with the source's hash, by the threads that
   * read it.
   */
  private record Proving(PointImage image) implements RangeSource {
    @Override
    public long sizeBytes() {
      return image.sizeBytes();
    }

    @Override
    public long nextData(long offset) throws IOException {
      return image.nextData(offset);
    }

    @Override
    public Range read(long offset, BufferPool.Lease lease) throws IOException {
      Range range = image.read(offset, lease);
      if (range instanceof Range.Chunk data
          && !RangeHash.of(data.chunk(), data.payload().bytes())
              .equals(data.chunk().sourceHash())) {
        data.payload().close();
        throw new CorruptImageException(offset, "it is not what the source had");
      }
      return range;
    }
  }
}
