package io.backstay.sim.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Groups with continuous backup, from seeds: invariants 1 to 6, 8 and 9 of the design, by rule M1,
 * rule M2, rule M3, rule X1, rule X2, rule X3, rule X4, rule X8, rule X9 and rule X10. {@code
 * -Dbackstay.simulation.flow.seeds=N} says how many, {@code -Dbackstay.long=true} many more.
 */
class FlowSimulationTest {
  /** Short ones. */
  private static final int SEEDS = 200;

  private static final int SEEDS_LONG = 3_000;

  /** Elsewhere than where {@code ./backstay simulate} begins, so that both together see more. */
  private static final long FIRST = 1_000_000;

  private static int seeds() {
    return Integer.getInteger(
        "backstay.simulation.flow.seeds", Boolean.getBoolean("backstay.long") ? SEEDS_LONG : SEEDS);
  }

  private static Length length() {
    return Boolean.getBoolean("backstay.long") ? Length.LONG : Length.SHORT;
  }

  @Test
  void whateverGoesWrongEveryMomentComesBackAsItWas() {
    for (long seed = FIRST; seed < FIRST + seeds(); seed++) live(seed);
  }

  @Test
  void theSameSeedIsTheSameWorldBitForBit() {
    for (long seed = 3; seed <= 5; seed++) {
      FlowWorld.Result once = live(seed);
      FlowWorld.Result again = live(seed);
      assertThat(again.hash()).as("seed %d", seed).isEqualTo(once.hash());
      assertThat(again.steps()).isEqualTo(once.steps());
      assertThat(again.nanos()).isEqualTo(once.nanos());
      assertThat(again.faults()).isEqualTo(once.faults());
      assertThat(again.restoresCompared()).isEqualTo(once.restoresCompared());
    }
  }

  private static FlowWorld.Result live(long seed) {
    FlowWorld.Result result = FlowWorld.run(seed, length(), Optional.empty());
    assertThat(result.failure())
        .as(() ->
            "seed %d; replay: %s%n%s"
                .formatted(seed, length().replay(seed), String.join("\n", result.lastLines())))
        .isEmpty();
    return result;
  }
}
