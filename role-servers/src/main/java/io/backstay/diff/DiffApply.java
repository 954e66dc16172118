package io.backstay.diff;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wlog.LogLayout;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes a wdiff onto an image: data where it has data, zeroes where it has zeroes or discards
 * (rule L7). Doing it once more changes nothing, so one that broke off begins again from the start.
 * Not for several threads.
 *
 * <p>Wdiffs count in sectors, a device may ask for whole blocks: then the blocks at both ends of a
 * stretch are read, changed and written.
 */
public final class DiffApply {
  private static final int BUFFER_BYTES = 1 << 20;

  private final BlockDevice target;
  private final ByteBuffer aligned = BufferPool.aligned(BUFFER_BYTES);
  private long zeroFrom;
  private long zeroEnd;

  public DiffApply(BlockDevice target) {
    this.target = target;
  }

  /**
   * Writes all that is left of the diffs. It is durable after the target was flushed, which is the
   * caller's.
   *
   * @throws DiffBeyondImageException before it writes a stretch that reaches behind the image's end
   */
  public void writeAll(DiffMerge diffs) throws IOException {
    while (diffs.next()) writeCurrent(diffs);
    finish();
  }

  /** Writes the stretch at which the diffs stand, for callers who count what passes. */
  public void writeCurrent(DiffMerge diffs) throws IOException {
    long from = diffs.offsetSectors() * LogLayout.SECTOR_BYTES;
    long end = from + (long) diffs.sectors() * LogLayout.SECTOR_BYTES;
    if (end > target.sizeBytes())
      throw new DiffBeyondImageException(
          "the diff has %s from byte %d to %d, %s has %d bytes"
              .formatted(diffs.kind(), from, end, target, target.sizeBytes()));
    switch (diffs.kind()) {
      case NORMAL -> {
        finish();
        write(from, diffs.raw());
      }
      case ALLZERO, DISCARD -> {
        // A long discard comes in many pieces: one zeroing for all of them.
        if (from != zeroEnd) finish();
        if (zeroFrom == zeroEnd) zeroFrom = from;
        zeroEnd = end;
      }
    }
  }

  /** Writes what is held back: the zeroes that came last. */
  public void finish() throws IOException {
    if (zeroFrom < zeroEnd) zero(zeroFrom, zeroEnd);
    zeroFrom = 0;
    zeroEnd = 0;
  }

  private void zero(long from, long end) throws IOException {
    long first = Math.min(end, up(from));
    long last = end == target.sizeBytes() ? end : Math.max(first, down(end));
    if (from < first) write(from, zeroes(first - from));
    if (first < last) target.zero(first, last - first);
    if (last < end) write(last, zeroes(end - last));
  }

  private static ByteBuffer zeroes(long bytes) {
    return ByteBuffer.allocateDirect((int) bytes);
  }

  private void write(long from, ByteBuffer data) throws IOException {
    if (target.alignmentBytes() == 1) {
      target.write(from, data);
      return;
    }
    while (data.hasRemaining()) {
      long begin = down(from);
      long end = Math.min(up(from + data.remaining()), begin + BUFFER_BYTES);
      end = Math.min(end, target.sizeBytes());
      int now = (int) Math.min(data.remaining(), end - from);
      aligned.clear().limit((int) (end - begin));
      if (from > begin) load(begin, begin);
      long lastBlock = down(end - 1);
      boolean lastIsFirst = lastBlock == begin && from > begin;
      if (from + now < end && !lastIsFirst) load(begin, lastBlock);
      aligned.put((int) (from - begin), data, data.position(), now);
      target.write(begin, aligned.position(0));
      data.position(data.position() + now);
      from += now;
    }
  }

  /** Reads the block at a position into the buffer, which begins at another. */
  private void load(long bufferAt, long block) throws IOException {
    int at = (int) (block - bufferAt);
    int length = Math.min(target.alignmentBytes(), aligned.limit() - at);
    target.read(block, aligned.slice(at, length));
  }

  private long down(long offset) {
    return offset & -target.alignmentBytes();
  }

  private long up(long offset) {
    return down(offset + target.alignmentBytes() - 1);
  }
}
