package io.backstay.history;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;

/**
 * Reads pieces of at most 64 KiB into memory of the heap, so many at a time as there are buffers
 * for direct IO. The buffers are nobody's else: whoever reads here may hold a buffer of another
 * pool.
 */
final class BlockReads {
  static final int BYTES_MAX = 64 * 1024;
  private static final int AT_A_TIME = 16;

  private final BufferPool pool = new BufferPool(AT_A_TIME, BYTES_MAX);

  /**
   * @param position a multiple of 4096; so is {@code bytes}, or it reaches to the end of the device
   */
  byte[] read(BlockDevice device, long position, int bytes) throws IOException {
    try (BufferPool.Lease lease = pool.take()) {
      ByteBuffer buffer = lease.buffer().limit(bytes);
      device.read(position, buffer);
      byte[] content = new byte[bytes];
      buffer.flip().get(content);
      return content;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted before %s was read".formatted(device));
    }
  }
}
