package io.backstay.seam;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A stretch of memory that outlives the process which writes it, but not a loss of power: the
 * mapping of a file in a file system of memory. All zero when it is made.
 *
 * <p>Any thread may use it at any time; those who write the same bytes order themselves. A process
 * that dies leaves what it had written, in the order in which it wrote: a {@link #set} is there
 * only if everything is that its thread did before.
 */
public interface SharedMemory extends Closeable {
  /** At most 2^31 - 4096, a multiple of 4096. */
  int sizeBytes();

  /** Copies the buffer's bytes, from its position to its limit, which both stay. */
  void put(int at, ByteBuffer from);

  /**
   * The bytes themselves as a direct little-endian buffer, aligned as {@code at} is. Written only
   * by {@link #put} and {@link #set}.
   */
  ByteBuffer slice(int at, int lengthBytes);

  /** A long at a multiple of 8; what was written before it was set is seen. */
  long get(int at);

  /** Sets a long at a multiple of 8, after everything that this thread wrote before. */
  void set(int at, long value);

  /** The memory stays. Nobody may use this, or a slice of it, any more. */
  @Override
  void close() throws IOException;
}
