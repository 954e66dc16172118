package io.backstay.export;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The bytes of a point, which never change. Any thread may read at any time. */
public interface PointReader extends Closeable {
  /** Ranges are asked for in pages of this size, aligned to it; the last one may be shorter. */
  int PAGE_BYTES = 64 << 10;

  long sizeBytes();

  /**
   * Fills the buffer from its position to its limit.
   *
   * @param offset a multiple of {@link #PAGE_BYTES}
   * @param into direct and aligned for direct IO; its remaining bytes are one page
   * @throws IOException also where the bytes are there and their checksum is wrong
   */
  void read(long offset, ByteBuffer into) throws IOException;

  /**
   * The first position at or after {@code offset} that may hold anything but zeroes; {@link
   * #sizeBytes()} when the rest is known to be zero.
   */
  long nextData(long offset) throws IOException;
}
