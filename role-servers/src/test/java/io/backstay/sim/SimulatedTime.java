package io.backstay.sim;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** The time of one process in a simulation. */
public final class SimulatedTime implements Time {
  /** When every simulation begins. */
  public static final Instant BEGIN = Instant.parse("2026-03-01T00:00:00Z");

  private final SeededScheduler scheduler;
  private final SimulatedProcess process;
  private final LongSupplier wallClockAhead;
  private final RandomGenerator random;

  /**
   * @param wallClockAhead nanoseconds by which the clock of its node is ahead of true time
   */
  public SimulatedTime(
      SeededScheduler scheduler, SimulatedProcess process, LongSupplier wallClockAhead) {
    this.scheduler = scheduler;
    this.process = process;
    this.wallClockAhead = wallClockAhead;
    this.random = scheduler.splitRandom();
  }

  @Override
  public Instant now() {
    return BEGIN.plusNanos(scheduler.nanos() + wallClockAhead.getAsLong());
  }

  @Override
  public long nanos() {
    return scheduler.nanos();
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    new SimulatedGate(scheduler).await(duration);
  }

  @Override
  public Gate gate() {
    return new SimulatedGate(scheduler);
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return scheduler.fork(process, name, body);
  }

  @Override
  public RandomGenerator random() {
    return random;
  }
}
