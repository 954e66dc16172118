package io.backstay.twin;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A time that passes only when a test says so. Threads are real virtual threads, so their order is
 * the machine's.
 */
public final class ManualTime implements Time {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final RandomGenerator random;
  private final Instant start;
  private long nanos;

  public ManualTime(Instant start, long seed) {
    this.start = start;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /** Wakes whoever waits for less. */
  public void advance(Duration duration) {
    lock.lock();
    try {
      nanos += duration.toNanos();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Instant now() {
    return start.plusNanos(nanos());
  }

  @Override
  public long nanos() {
    lock.lock();
    try {
      return nanos;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    new ManualGate().await(duration);
  }

  @Override
  public Gate gate() {
    return new ManualGate();
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return Time.system().fork(name, body);
  }

  @Override
  public RandomGenerator random() {
    return random;
  }

  private final class ManualGate implements Gate {
    private boolean opened;

    @Override
    public void open() {
      lock.lock();
      try {
        opened = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public boolean await(Duration atMost) throws InterruptedException {
      lock.lockInterruptibly();
      try {
        long until = nanos + Math.max(0, atMost.toNanos());
        while (!opened && nanos < until) changed.await();
        boolean was = opened;
        opened = false;
        return was;
      } finally {
        lock.unlock();
      }
    }
  }
}
