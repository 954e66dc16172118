package io.backstay.activity;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.twin.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** A time in which a second of sleep takes some milliseconds, and which a test may jump ahead. */
public final class QuickTime implements Time {
  private static final Duration REAL_SLEEP = Duration.ofMillis(5);

  private final ManualTime time = new ManualTime(Instant.parse("2026-11-21T08:00:00Z"), 1);

  public void jump(Duration duration) {
    time.advance(duration);
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    Time.system().sleep(REAL_SLEEP);
    time.advance(duration);
  }

  @Override
  public Instant now() {
    return time.now();
  }

  @Override
  public long nanos() {
    return time.nanos();
  }

  @Override
  public Gate gate() {
    return Time.system().gate();
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return time.fork(name, body);
  }

  @Override
  public RandomGenerator random() {
    return time.random();
  }
}
