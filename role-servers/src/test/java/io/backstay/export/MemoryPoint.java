package io.backstay.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A point in memory, whose reads are counted and wait, or fail, when a test says so. */
final class MemoryPoint implements PointReader {
  final byte[] bytes;
  final AtomicInteger reads = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean shut;
  private boolean failing;
  private int waiting;
  private int waitingMax;
  volatile boolean closed;

  MemoryPoint(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Random bytes, with a hole in the middle. */
  static MemoryPoint random(int sizeBytes, long seed) {
    byte[] bytes = new byte[sizeBytes];
    new Random(seed).nextBytes(bytes);
    int hole = sizeBytes / 2 / PAGE_BYTES * PAGE_BYTES;
    Arrays.fill(bytes, hole, Math.min(sizeBytes, hole + 2 * PAGE_BYTES), (byte) 0);
    return new MemoryPoint(bytes);
  }

  byte[] bytes(long offset, int length) {
    return Arrays.copyOfRange(bytes, (int) offset, (int) offset + length);
  }

  /** Reads wait from now on. */
  void shut() {
    set(true, false);
  }

  void open() {
    set(false, false);
  }

  void fail() {
    set(false, true);
  }

  private void set(boolean shutNow, boolean failingNow) {
    lock.lock();
    try {
      shut = shutNow;
      failing = failingNow;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  int waitingMax() {
    lock.lock();
    try {
      return waitingMax;
    } finally {
      lock.unlock();
    }
  }

  void awaitWaiting(int readers) {
    lock.lock();
    try {
      while (waiting < readers) changed.awaitUninterruptibly();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public void read(long offset, ByteBuffer into) throws IOException {
    reads.incrementAndGet();
    lock.lock();
    try {
      waiting++;
      waitingMax = Math.max(waitingMax, waiting);
      changed.signalAll();
      while (shut) changed.awaitUninterruptibly();
      waiting--;
      if (failing) throw new IOException("a test's page is damaged");
    } finally {
      lock.unlock();
    }
    into.put(bytes, (int) offset, into.remaining());
  }

  @Override
  public long nextData(long offset) {
    for (int page = (int) offset / PAGE_BYTES; page * PAGE_BYTES < bytes.length; page++) {
      int from = Math.max((int) offset, page * PAGE_BYTES);
      int to = Math.min(bytes.length, (page + 1) * PAGE_BYTES);
      for (int i = from; i < to; i++) if (bytes[i] != 0) return from;
    }
    return bytes.length;
  }

  @Override
  public void close() {
    closed = true;
  }
}
