package io.backstay.history;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads pieces into memory of the heap, so many at a time as there are buffers for direct IO. The
 * buffers are nobody's else: whoever reads here may hold a buffer of another pool.
 */
final class BlockReads {
  private static final int AT_A_TIME = 16;

  private final BufferPool pool;

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
    return read(device, position, bytes, bytes).getFirst();
  }

  /** The same, in blocks of 64 KiB; the last may be shorter. */
  List<byte[]> readBlocks(BlockDevice device, long position, int bytes) throws IOException {
    return read(device, position, bytes, Payload.BLOCK_BYTES);
  }

  private List<byte[]> read(BlockDevice device, long position, int bytes, int pieceBytes)
      throws IOException {
    try (BufferPool.Lease lease = pool.take()) {
      ByteBuffer buffer = lease.buffer().limit(bytes);
      device.read(position, buffer);
      buffer.flip();
      List<byte[]> pieces = new ArrayList<>();
      while (buffer.hasRemaining()) {
        byte[] piece = new byte[Math.min(pieceBytes, buffer.remaining())];
        buffer.get(piece);
        pieces.add(piece);
      }
      return pieces;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted before %s was read".formatted(device));
    }
  }
}
