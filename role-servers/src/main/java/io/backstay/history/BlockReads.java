package io.backstay.history;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Reads pieces into memory that direct IO could not use, so many at a time as there are buffers
 * that it can. The buffers are nobody's else: whoever reads here may hold a buffer of another pool.
 */
final class BlockReads {
  private static final int AT_A_TIME = 16;

  private final BufferPool pool;

  private interface Take {
    void from(ByteBuffer bytes);
  }

  /** Of blocks. */
  BlockReads() {
    this(AT_A_TIME, Payload.BLOCK_BYTES);
  }

  /**
   * @param bytesMax of a piece
   */
  BlockReads(int atATime, int bytesMax) {
    this.pool = new BufferPool(atATime, bytesMax);
  }

  int bytesMax() {
    return pool.bufferBytes();
  }

  /**
   * @param position a multiple of 4096; so is {@code bytes}, or it reaches to the end of the device
   */
  byte[] read(BlockDevice device, long position, int bytes) throws IOException {
    byte[] into = new byte[bytes];
    read(device, position, bytes, from -> from.get(into));
    return into;
  }

  /**
   * The same, into blocks of 64 KiB, one behind the other; the last may be filled in part.
   *
   * @param into cleared; ready to be read then
   */
  void read(BlockDevice device, long position, int bytes, List<ByteBuffer> into)
      throws IOException {
    read(
        device,
        position,
        bytes,
        from -> {
          for (ByteBuffer block : into) {
            int now = Math.min(block.remaining(), from.remaining());
            block.put(from.slice(from.position(), now)).flip();
            from.position(from.position() + now);
          }
        });
  }

  private void read(BlockDevice device, long position, int bytes, Take take) throws IOException {
    try (BufferPool.Lease lease = pool.take()) {
      ByteBuffer buffer = lease.buffer().limit(bytes);
      device.read(position, buffer);
      take.from(buffer.flip());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted before %s was read".formatted(device));
    }
  }
}
