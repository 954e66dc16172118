package io.backstay.sim.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.sim.Outcome;
import io.backstay.sim.Run;
import org.junit.jupiter.api.Test;

/**
 * What seeds of groups with continuous backup found once, each told alone: a seed means another
 * story as soon as anything changes, these stories stay.
 */
class FlowTalesTest {
  private static void tell(long seed, FlowWorld.Tale tale) {
    FlowWorld.Result result = FlowWorld.tell(seed, tale);
    assertThat(result.failure())
        .as(() -> "seed %d:%n%s".formatted(seed, String.join("\n", result.lastLines())))
        .isEmpty();
  }

  /**
   * Invariant 9, rule L4: after one failed flush of its data device a volume failed for ever, and a
   * backup of it waited for ever; now it is opened again, and its log applied again.
   */
  @Test
  void aVolumeWhoseDeviceFailedOnceIsServedAgainAndBackedUp() {
    for (long seed = 0; seed < 8; seed++) {
      tell(
          seed,
          (world, volume) -> {
            world.failDataFlush(volume);
            Run backup = world.operators().backUp(volume, volume.record().primary());
            assertThat(backup.outcome()).get().isInstanceOf(Outcome.Done.class);
          });
    }
  }
}
