package io.backstay.seam;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A volume, an image or a log: bytes by position. Any thread may use it at any time; overlapping
 * writes that run at the same time leave an undefined order of their bytes, so callers order them.
 *
 * <p>Offsets are bytes and multiples of {@link #alignmentBytes()}; lengths are multiples of it, or
 * reach exactly to {@link #sizeBytes()}. Buffers must be direct and start at an aligned address
 * where the alignment is above 1 (take them from {@link BufferPool}). What was written is seen by
 * later reads at once, survives the death of the process, and survives the loss of power only after
 * {@link #flush()} returned.
 */
public interface BlockDevice extends Closeable {
  /** Size in bytes when the device was opened or last {@link #remeasure measured}; never falls. */
  long sizeBytes();

  /**
   * Looks how large the device is now: whoever has it may have made it larger while it is open
   * (rule L9). One that became shorter keeps its size here; what is gone fails when it is read.
   *
   * @return {@link #sizeBytes()} from now on
   */
  default long remeasure() throws IOException {
    return sizeBytes();
  }

  /**
   * Makes a file longer by zeroes, which are there at once, for all that have it open, and durable
   * after {@link #flush()}.
   *
   * @param newSizeBytes at least what {@link #remeasure()} says
   * @throws IOException where that cannot be, as with every block device; nothing has changed then
   * @throws IllegalStateException where the device was opened for reading only
   */
  default void extend(long newSizeBytes) throws IOException {
    throw new IOException("%s cannot be made longer".formatted(this));
  }

  /** A power of two between 1 and 4096. */
  int alignmentBytes();

  /**
   * Fills the buffer from its position to its limit. A range outside the device is a bug of the
   * caller (IllegalArgumentException); so is a range or buffer that is not aligned.
   */
  void read(long offset, ByteBuffer into) throws IOException;

  /**
   * As {@link #read} where the bytes lie in memory; false, and the buffer's position as it was,
   * where that would have to wait for a disk. For event loops. A device that cannot tell answers
   * false.
   */
  default boolean readNow(long offset, ByteBuffer into) throws IOException {
    return false;
  }

  /**
   * Writes the buffer from its position to its limit. Not durable before {@link #flush()}. After a
   * failure any part of the range may hold the new bytes.
   *
   * @throws NoSpaceException where the disk is full
   * @throws IllegalStateException where the device was opened for reading only
   */
  void write(long offset, ByteBuffer from) throws IOException;

  /**
   * Makes the range read as zeroes, giving its space back where the device can. Not durable before
   * {@link #flush()}.
   */
  void zero(long offset, long lengthBytes) throws IOException;

  /**
   * The first position at or after {@code offset} that may hold anything but zeroes, aligned down
   * to {@link #alignmentBytes()}; {@link #sizeBytes()} when the rest is known to be zero. A device
   * that cannot tell answers {@code offset}.
   */
  long nextData(long offset) throws IOException;

  /**
   * Asks that bytes which were written go to the disk from now on, and not all at the next {@link
   * #flush()}. A hint, which promises nothing; it may wait for the disk to take them.
   */
  default void beginWriting(long offset, long lengthBytes) throws IOException {}

  /**
   * Makes every write and zero that returned before this call durable. After a failure nothing may
   * be assumed of them: the caller writes again and flushes again, or gives the device up (rule L3:
   * a failed flush is never retried into success).
   */
  void flush() throws IOException;

  @Override
  void close() throws IOException;

  /**
   * For implementations: refuses a range that is none of this device's.
   *
   * @throws IllegalArgumentException that names the range, since asking for it is a bug
   */
  default void requireRange(long offset, long lengthBytes) {
    long end = offset + lengthBytes;
    boolean outside = offset < 0 || lengthBytes < 0 || end < 0 || end > sizeBytes();
    int mask = alignmentBytes() - 1;
    boolean crooked = (offset & mask) != 0 || ((lengthBytes & mask) != 0 && end != sizeBytes());
    if (outside || crooked) {
      throw new IllegalArgumentException(
          "%s: %d bytes at %d do not fit a device of %d bytes with alignment %d"
              .formatted(this, lengthBytes, offset, sizeBytes(), alignmentBytes()));
    }
  }

  /** For implementations: refuses to make a device shorter. */
  default void requireLonger(long foundBytes, long newSizeBytes) {
    if (newSizeBytes < foundBytes)
      throw new IllegalArgumentException(
          "%s has %d bytes and is not made shorter, to %d"
              .formatted(this, foundBytes, newSizeBytes));
  }

  /** For implementations: refuses also a buffer that direct IO could not use. */
  default void requireRange(long offset, ByteBuffer buffer) {
    requireRange(offset, buffer.remaining());
    if (alignmentBytes() == 1) return;
    if (!buffer.isDirect() || buffer.alignmentOffset(buffer.position(), alignmentBytes()) != 0) {
      throw new IllegalArgumentException(
          "%s: the buffer is not a direct one that starts at a multiple of %d; take it from a BufferPool"
              .formatted(this, alignmentBytes()));
    }
  }
}
