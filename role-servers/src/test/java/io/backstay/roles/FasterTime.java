package io.backstay.roles;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * Time that runs many times as fast, so that a test need not wait for what is done now and then.
 */
final class FasterTime implements Time {
  private final Time system = Time.system();
  private final int times;
  private final Instant begin = system.now();
  private final long beginNanos = system.nanos();
  private final Duration waitMax;

  /** Everything as it is, only faster. */
  static FasterTime by(int times) {
    return new FasterTime(times, Duration.ofDays(1));
  }

  /** Who waits for longer than that at a gate waits until somebody opens it. */
  static FasterTime patient(int times, Duration waitMax) {
    return new FasterTime(times, waitMax);
  }

  private FasterTime(int times, Duration waitMax) {
    this.times = times;
    this.waitMax = waitMax;
  }

  @Override
  public Instant now() {
    return begin.plusNanos((system.nanos() - beginNanos) * times);
  }

  @Override
  public long nanos() {
    return system.nanos() * times;
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    system.sleep(duration.dividedBy(times));
  }

  @Override
  public Gate gate() {
    Gate gate = system.gate();
    return new Gate() {
      @Override
      public void open() {
        gate.open();
      }

      @Override
      public boolean await(Duration atMost) throws InterruptedException {
        boolean forEver = atMost.compareTo(waitMax) > 0;
        return gate.await(forEver ? Duration.ofDays(1) : atMost.dividedBy(times));
      }
    };
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return system.fork(name, body);
  }

  @Override
  public Thread forkPlatform(String name, Runnable body) {
    return system.forkPlatform(name, body);
  }

  @Override
  public RandomGenerator random() {
    return system.random();
  }
}
