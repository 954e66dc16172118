package io.backstay.log;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.twin.ProcessDiedError;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** The system's time, whose threads end quietly when their process died. */
final class MortalTime implements Time {
  static final MortalTime INSTANCE = new MortalTime();

  private final Time system = Time.system();

  private MortalTime() {}

  @Override
  public Instant now() {
    return system.now();
  }

  @Override
  public long nanos() {
    return system.nanos();
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    system.sleep(duration);
  }

  @Override
  public Gate gate() {
    return system.gate();
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return system.fork(
        name,
        () -> {
          try {
            body.run();
          } catch (ProcessDiedError expected) {
            return;
          }
        });
  }

  @Override
  public RandomGenerator random() {
    return system.random();
  }
}
