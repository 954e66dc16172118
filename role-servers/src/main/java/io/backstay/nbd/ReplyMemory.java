package io.backstay.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/**
 * Memory for answers, shared by all connections of one event loop: answers of one connection that
 * follow each other lie side by side and leave with one call of the kernel. A <em>run</em> is such
 * a stretch that was not handed to its socket yet.
 */
final class ReplyMemory implements AutoCloseable {
  private static final int CHUNK_BYTES = 256 * 1024;

  /** Larger answers get buffers of their own. */
  static final int ANSWER_BYTES_MAX = CHUNK_BYTES / 4;

  private final ByteBuf noChunk = io.netty.buffer.Unpooled.EMPTY_BUFFER;
  private final ByteBufAllocator allocator;
  private ByteBuf chunk = noChunk;
  private Answers owner;
  private int runStart;

  ReplyMemory(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /** The chunk, with room for so many bytes behind its writer index. */
  ByteBuf room(Answers connection, int bytes) {
    if (owner != connection) cut();
    if (chunk.writableBytes() < bytes) {
      cut();
      chunk.release();
      chunk = allocator.directBuffer(CHUNK_BYTES, CHUNK_BYTES);
      runStart = 0;
    }
    owner = connection;
    return chunk;
  }

  /** Takes the next bytes of the chunk out of the run, for an answer that comes later. */
  ByteBuf keep(int bytes) {
    cut();
    int start = chunk.writerIndex();
    ByteBuf kept = chunk.retainedSlice(start, bytes);
    chunk.writerIndex(start + bytes);
    runStart = start + bytes;
    return kept;
  }

  /** Hands the run to its connection's socket, which need not send it yet. */
  void cut() {
    int end = chunk.writerIndex();
    if (owner != null && end > runStart) {
      owner.write(chunk.retainedSlice(runStart, end - runStart));
    }
    runStart = end;
    owner = null;
  }

  /** Uses the same memory again, which is in the caches of the processor, if all of it was sent. */
  void flushed() {
    if (owner != null || chunk.refCnt() != 1) return;
    chunk.clear();
    runStart = 0;
  }

  @Override
  public void close() {
    chunk.release();
    chunk = noChunk;
  }
}
