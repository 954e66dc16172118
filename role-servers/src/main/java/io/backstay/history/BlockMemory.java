package io.backstay.history;

import io.backstay.wire.Payload;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Memory for blocks of 64 KiB, which is used again and again: off the heap, where no garbage
 * collector moves them, which would stop everybody for it. It comes in slabs when it is needed
 * first. Whoever comes when all are out gets one of the heap.
 */
final class BlockMemory {
  private static final int SLAB_BLOCKS = 32;

  private final int blocksMax;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
  private int made;

  BlockMemory(int blocksMax) {
    this.blocksMax = blocksMax;
  }

  /** A cleared one. */
  ByteBuffer take() {
    lock.lock();
    try {
      if (idle.isEmpty()) makeMore();
      ByteBuffer known = idle.poll();
      return known == null ? ByteBuffer.allocate(Payload.BLOCK_BYTES) : known.clear();
    } finally {
      lock.unlock();
    }
  }

  private void makeMore() {
    int more = Math.min(SLAB_BLOCKS, blocksMax - made);
    if (more == 0) return;
    ByteBuffer slab = ByteBuffer.allocateDirect(more * Payload.BLOCK_BYTES);
    for (int i = 0; i < more; i++)
      idle.add(slab.slice(i * Payload.BLOCK_BYTES, Payload.BLOCK_BYTES));
    made += more;
  }

  /** Nobody reads it any more. */
  void giveBack(ByteBuffer block) {
    if (!block.isDirect()) return;
    lock.lock();
    try {
      idle.push(block);
    } finally {
      lock.unlock();
    }
  }

  int out() {
    lock.lock();
    try {
      return made - idle.size();
    } finally {
      lock.unlock();
    }
  }
}
