package io.backstay.pki;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** Stands at one moment; everything else is the machine's. */
public record FixedTime(Instant now) implements Time {
  @Override
  public long nanos() {
    return Time.system().nanos();
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    Time.system().sleep(duration);
  }

  @Override
  public Gate gate() {
    return Time.system().gate();
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return Time.system().fork(name, body);
  }

  @Override
  public RandomGenerator random() {
    return Time.system().random();
  }
}
