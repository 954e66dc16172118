package io.backstay.sim.log;

import io.backstay.sim.SeededScheduler;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Devices that are slow now and then, in some worlds: everybody else goes on meanwhile, so a reader
 * of the log meets what overtakes it (rule L6).
 */
final class Stalls {
  private static final double ANY = 0.002;
  private static final double READ_OF_LOG = 0.8;

  private final SeededScheduler scheduler;

  /** Of its own, so that a world without stalls is what it would be without this class. */
  private final RandomGenerator random;

  private final boolean possible;

  Stalls(long seed, SeededScheduler scheduler) {
    this.scheduler = scheduler;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(~seed);
    this.possible = random.nextInt(4) == 0;
  }

  /** Before an operation, by the thread that wants it. */
  void before(String operation) {
    if (!possible) return;
    boolean slow = operation.startsWith("read ") && operation.endsWith(LogWorld.LOG);
    if (random.nextDouble() >= (slow ? READ_OF_LOG : ANY)) return;
    try {
      scheduler.sleep(random.nextLong(1L << random.nextInt(20, 35)) + 1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
