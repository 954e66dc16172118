package io.backstay.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/**
 * Memory into which the sockets of one event loop are read. What one read did not fill is there for
 * the next, of any connection: a small write that waits for its answer holds little more than
 * itself.
 */
final class ReadMemory implements AutoCloseable {
  private static final int CHUNK_BYTES = 1024 * 1024;
  private static final int READ_BYTES_MIN = 64 * 1024;

  /** A large write in few pieces, and nobody starved by its neighbour. */
  private static final int READ_BYTES_MAX = 256 * 1024;

  private final ByteBuf noChunk = io.netty.buffer.Unpooled.EMPTY_BUFFER;
  private final ByteBufAllocator allocator;
  private ByteBuf chunk = noChunk;

  ReadMemory(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /** Room for one read; {@link #filled} follows before the next call. */
  ByteBuf room() {
    // Nobody holds what was read before: the same memory again, it is in the processor's caches.
    if (chunk.refCnt() == 1) chunk.clear();
    if (chunk.writableBytes() < READ_BYTES_MIN) {
      chunk.release();
      chunk = allocator.directBuffer(CHUNK_BYTES, CHUNK_BYTES);
    }
    int bytes = Math.min(chunk.writableBytes(), READ_BYTES_MAX);
    return chunk.retainedSlice(chunk.writerIndex(), bytes).clear();
  }

  void filled(int bytes) {
    chunk.writerIndex(chunk.writerIndex() + bytes);
  }

  @Override
  public void close() {
    chunk.release();
    chunk = noChunk;
  }
}
