package io.backstay.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DiffSetTest {
  private final DiffSet set = new DiffSet();

  private static KeptDiff diff(long from, long to) {
    var sidecar = SomeDiffs.sidecar(from, to);
    return KeptDiff.of(sidecar, sidecar.diff(true));
  }

  private KeptDiff put(long from, long to) {
    KeptDiff diff = diff(from, to);
    set.put(DiffKey.of(diff), diff);
    return diff;
  }

  /** Long ones and short ones, next to each other and over each other. */
  @Test
  void whatTouchesAStretchIsWhatAListWouldTell() {
    for (int seed = 0; seed < 8; seed++) {
      Random random = new Random(seed);
      for (int i = 0; i < 200; i++) {
        long from = random.nextInt(2000);
        KeptDiff diff = put(from, from + 1 + random.nextInt(1 << random.nextInt(10)));
        if (random.nextInt(3) == 0) set.remove(DiffKey.of(diff));
      }
      for (int i = 0; i < 200; i++) {
        long from = random.nextInt(3000);
        long to = from + random.nextInt(50);
        List<KeptDiff> expected =
            set.all().stream()
                .filter(diff -> diff.begin().gid() <= to && diff.end().gid() >= from)
                .toList();
        assertThat(set.touching(1, from, to)).as("seed %d", seed).isEqualTo(expected);
      }
    }
  }

  @Test
  void anotherSessionTouchesNothing() {
    put(5, 6);
    assertThat(set.touching(0, 5, 6)).isEmpty();
    assertThat(set.touching(2, 5, 6)).isEmpty();
  }

  @Test
  void whatIsPutAgainIsThereAsItIsNow() {
    KeptDiff kept = put(5, 6).with(false);
    set.put(DiffKey.of(kept), kept);
    assertThat(set.touching(1, 5, 6)).containsExactly(kept);
    assertThat(set.find(DiffKey.of(kept))).contains(kept);
  }

  @Test
  void gidsAreFreeAgainWhenTheirDiffWasRemoved() {
    KeptDiff kept = put(5, 6);
    assertThat(set.hasGids(kept.diff().gids())).isTrue();
    assertThat(set.remove(DiffKey.of(kept))).contains(kept);
    assertThat(set.hasGids(kept.diff().gids())).isFalse();
    assertThat(set.remove(DiffKey.of(kept))).isEmpty();
  }
}
