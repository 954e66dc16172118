package io.backstay.image;

import io.backstay.wire.Message;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where an image is written to: an image of an archive, or the target of a restore. */
public interface RangeSink {
  /**
   * Writes the data blocks of one chunk and makes its other blocks zero. Called by many threads at
   * a time, for different ranges.
   *
   * @param checksums CRC32C of each data block, proven to be those of the bytes
   * @param data the data blocks, one behind the other, aligned for direct IO
   */
  void write(Message.ImageChunk chunk, int[] checksums, ByteBuffer data) throws IOException;

  /** Makes a range zero. Called in address order with respect to other calls of itself. */
  void zero(long offset, long lengthBytes) throws IOException;

  /**
   * Leaves a range as an earlier pass wrote it, because the source has the same (rule X5). Called
   * in address order.
   */
  default void keep(long offset, long lengthBytes) throws IOException {
    throw new IOException("a range at %d is to be kept, and nothing is there".formatted(offset));
  }

  /**
   * Everything below {@code upTo} was written. When this returns it survives the loss of power, and
   * {@code upTo} is recorded as the place to go on from. One thread at a time.
   */
  void makeDurable(long upTo) throws IOException;
}
