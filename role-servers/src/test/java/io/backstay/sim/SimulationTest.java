package io.backstay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Worlds from seeds: invariants 3 and 5 to 10 of the design, and what rests on rules K2, K3, K4,
 * K6, L3, L10, X8, X9, X10. {@code -Dbackstay.simulation.seeds=N} says how many, {@code
 * -Dbackstay.long=true} many more.
 */
class SimulationTest {
  private static final int SEEDS = 200;
  private static final int SEEDS_LONG = 5000;

  /** Elsewhere than where {@code ./backstay simulate} begins, so that both together see more. */
  private static final long FIRST = 1_000_000;

  private static int seeds() {
    return Integer.getInteger(
        "backstay.simulation.seeds", Boolean.getBoolean("backstay.long") ? SEEDS_LONG : SEEDS);
  }

  @Test
  void whateverGoesWrongEveryByteComesBackAndEverythingComesToAnEnd() {
    for (long seed = FIRST; seed < FIRST + seeds(); seed++) live(seed);
  }

  @Test
  void theSameSeedIsTheSameWorldBitForBit() {
    for (long seed = 1; seed <= 10; seed++) {
      Simulation.Result once = live(seed);
      Simulation.Result again = live(seed);
      assertThat(again.hash()).as("seed %d", seed).isEqualTo(once.hash());
      assertThat(again.steps()).isEqualTo(once.steps());
      assertThat(again.nanos()).isEqualTo(once.nanos());
      assertThat(again.faults()).isEqualTo(once.faults());
      assertThat(again.bytesCompared()).isEqualTo(once.bytesCompared());
    }
  }

  @Test
  void otherSeedsAreOtherWorlds() {
    assertThat(live(1).hash()).isNotEqualTo(live(2).hash());
  }

  private static Simulation.Result live(long seed) {
    Simulation.Result result = Simulation.run(seed, Optional.empty());
    assertThat(result.failure())
        .as(() ->
            "seed %d; replay: ./backstay simulate --seeds 1 --seed %d --verbose%n%s"
                .formatted(seed, seed, String.join("\n", result.lastLines())))
        .isEmpty();
    return result;
  }
}
