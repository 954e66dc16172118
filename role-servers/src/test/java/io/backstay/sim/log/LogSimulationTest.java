package io.backstay.sim.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Worlds of one logged volume, from seeds: invariants 1, 2 and 6 of the design, by rule L1, rule
 * L2, rule L3, rule L4, rule L5, rule L6, rule L7, rule L9, rule M1, rule M2 and rule M4. {@code
 * -Dbackstay.simulation.log.seeds=N} says how many, {@code -Dbackstay.long=true} many more.
 */
class LogSimulationTest {
  private static final int SEEDS = 2_000;
  private static final int SEEDS_LONG = 100_000;

  /** Elsewhere than where {@code ./backstay simulate} begins, so that both together see more. */
  private static final long FIRST = 1_000_000;

  private static int seeds() {
    return Integer.getInteger(
        "backstay.simulation.log.seeds", Boolean.getBoolean("backstay.long") ? SEEDS_LONG : SEEDS);
  }

  @Test
  void whateverEndsAProcessNothingThatWasPromisedIsLost() {
    for (long seed = FIRST; seed < FIRST + seeds(); seed++) live(seed);
  }

  @Test
  void theSameSeedIsTheSameWorldBitForBit() {
    for (long seed = 1; seed <= 20; seed++) {
      LogResult once = live(seed);
      LogResult again = live(seed);
      assertThat(again.hash()).as("seed %d", seed).isEqualTo(once.hash());
      assertThat(again.steps()).isEqualTo(once.steps());
      assertThat(again.nanos()).isEqualTo(once.nanos());
    }
  }

  private static LogResult live(long seed) {
    LogResult result = LogWorld.run(seed, Optional.empty());
    assertThat(result.failure())
        .as(() ->
            "seed %d; replay: ./backstay simulate --log --seeds 1 --seed %d --verbose%n%s"
                .formatted(seed, seed, String.join("\n", result.lastLines())))
        .isEmpty();
    return result;
  }
}
