package io.backstay.seam;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** The real {@link Time}. */
enum SystemTime implements Time {
  INSTANCE;

  @Override
  public Instant now() {
    return Instant.now();
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    Thread.sleep(duration);
  }

  @Override
  public Gate gate() {
    return new SemaphoreGate();
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return Thread.ofVirtual().name(name).start(body);
  }

  @Override
  public Thread forkPlatform(String name, Runnable body) {
    return Thread.ofPlatform().daemon().name(name).start(body);
  }

  @Override
  public RandomGenerator random() {
    return ThreadLocalRandom.current();
  }

  private static final class SemaphoreGate implements Gate {
    private final Semaphore permits = new Semaphore(0);

    @Override
    public void open() {
      permits.release();
    }

    @Override
    public boolean await(Duration atMost) throws InterruptedException {
      boolean opened = permits.tryAcquire(Math.max(0, atMost.toNanos()), TimeUnit.NANOSECONDS);
      permits.drainPermits();
      return opened;
    }
  }
}
