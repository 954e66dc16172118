package io.backstay.net;

import io.backstay.device.HugePages;
import io.backstay.wire.Payload;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where received payloads lie: direct memory whose addresses are aligned for direct IO, so that an
 * archive writes them to its disk as they came. One for all channels of a process, and never larger
 * than its limit: when it is used up, channels stop reading until somebody closes a payload. Any
 * thread.
 *
 * <p>Memory is got in chunks of 4 MiB, the largest payload, and kept; a chunk is handed out in runs
 * of 64 KiB blocks, of which one bit each says whether it is free. (Netty's own pool aligns only
 * where sun.misc.Unsafe may be used.)
 */
final class PayloadMemory {
  private static final int BLOCK_BYTES = Payload.BLOCK_BYTES;
  private static final int CHUNK_BLOCKS = Long.SIZE;
  private static final int CHUNK_BYTES = CHUNK_BLOCKS * BLOCK_BYTES;

  static {
    if (CHUNK_BYTES != Payload.BYTES_MAX) throw new IllegalStateException("one chunk, one payload");
  }

  private final int chunksMax;
  private final int reservedBlocks;
  private final ReentrantLock lock = new ReentrantLock();
  private final List<Chunk> chunks = new ArrayList<>();
  private final ArrayDeque<Runnable> starved = new ArrayDeque<>();
  private int takenBlocks;
  private int buffersTaken;

  private static final class Chunk {
    final ByteBuffer memory = HugePages.allocate(CHUNK_BYTES);
    long free = -1;
  }

  /** Who asks for memory. */
  enum Claim {
    /** Holds none: a quarter of the memory is kept for these, so that every channel can go on. */
    FIRST,
    FURTHER
  }

  /** A piece of the memory, until it is released, once. */
  record Lease(ByteBuffer buffer, Runnable release) {}

  /**
   * @param bytes rounded up to whole chunks
   */
  PayloadMemory(long bytes) {
    this.chunksMax = Math.toIntExact((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
    this.reservedBlocks = chunksMax * CHUNK_BLOCKS / 4;
  }

  /**
   * A buffer of exactly so many bytes; or empty, and then {@code whenMore} is run once, as soon as
   * somebody gives back. It must not block.
   *
   * @param bytes 1 to {@link Payload#BYTES_MAX}
   */
  Optional<Lease> take(int bytes, Claim claim, Runnable whenMore) {
    int blocks = Payload.blocks(bytes);
    lock.lock();
    try {
      int usable = chunksMax * CHUNK_BLOCKS - (claim == Claim.FIRST ? 0 : reservedBlocks);
      if (takenBlocks + blocks <= usable) {
        Optional<Lease> found = find(blocks, bytes);
        if (found.isPresent()) return found;
      }
      starved.add(whenMore);
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private Optional<Lease> find(int blocks, int bytes) {
    for (Chunk chunk : chunks) {
      long begins = runs(chunk.free, blocks);
      if (begins != 0) return Optional.of(lease(chunk, begins, blocks, bytes));
    }
    if (chunks.size() == chunksMax) return Optional.empty();
    Chunk fresh = new Chunk();
    chunks.add(fresh);
    return Optional.of(lease(fresh, 1, blocks, bytes));
  }

  /** A bit for every position at which so many ones follow each other. */
  static long runs(long free, int length) {
    long begins = free;
    for (int known = 1; known < length; ) {
      int more = Math.min(known, length - known);
      begins &= begins >>> more;
      known += more;
    }
    return begins;
  }

  private Lease lease(Chunk chunk, long begins, int blocks, int bytes) {
    int first = Long.numberOfTrailingZeros(begins);
    long mask = -1L >>> (CHUNK_BLOCKS - blocks) << first;
    chunk.free &= ~mask;
    takenBlocks += blocks;
    buffersTaken++;
    return new Lease(
        chunk.memory.slice(first * BLOCK_BYTES, bytes), () -> release(chunk, mask, blocks));
  }

  private void release(Chunk chunk, long mask, int blocks) {
    ArrayDeque<Runnable> woken;
    lock.lock();
    try {
      if ((chunk.free & mask) != 0) throw new IllegalStateException("a buffer was released twice");
      chunk.free |= mask;
      takenBlocks -= blocks;
      buffersTaken--;
      woken = new ArrayDeque<>(starved);
      starved.clear();
    } finally {
      lock.unlock();
    }
    woken.forEach(Runnable::run);
  }

  /** Buffers that are out. */
  int buffersTaken() {
    lock.lock();
    try {
      return buffersTaken;
    } finally {
      lock.unlock();
    }
  }
}
