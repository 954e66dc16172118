package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChangeMapTest {
  private static final int BLOCKS = 2 * ChangeMap.BLOCKS_PER_PAGE + 1000;

  private final ChangeMap map = new ChangeMap((long) BLOCKS * ChangeMap.BLOCK_BYTES - 512);
  private final BitSet model = new BitSet(BLOCKS);

  private void change(int from, int to) {
    for (int number = 0; number < map.pages(); number++) {
      int page = number;
      if (from >= (page + 1) * ChangeMap.BLOCKS_PER_PAGE) continue;
      if (to <= page * ChangeMap.BLOCKS_PER_PAGE) continue;
      map.with(page, from, to).ifPresent(changed -> map.put(page, changed));
    }
    model.set(from, to);
  }

  @Test
  void itKnowsWhichBlocksAreChangedAndWhereTheOthersBegin() {
    Random random = new Random(1);
    assertThat(map.pages()).isEqualTo(3);
    for (int i = 0; i < 400; i++) {
      int from = random.nextInt(BLOCKS);
      change(from, Math.min(BLOCKS, from + 1 + random.nextInt(i % 40 == 0 ? 40_000 : 70)));
      for (int j = 0; j < 50; j++) {
        int at = random.nextInt(BLOCKS);
        int to = at + random.nextInt(BLOCKS - at + 1);
        int changed = model.nextSetBit(at);
        assertThat(map.isChanged(at)).isEqualTo(model.get(at));
        assertThat(map.nextChanged(at, to)).isEqualTo(changed < 0 ? to : Math.min(to, changed));
        assertThat(map.nextUnchanged(at, to)).isEqualTo(Math.min(to, model.nextClearBit(at)));
      }
    }
  }

  @Test
  void whatIsChangedAlreadyNeedsNoNewPage() {
    change(100, 200);
    assertThat(map.with(0, 100, 200)).isEmpty();
    assertThat(map.with(0, 199, 201)).isPresent();
    assertThat(map).hasToString("100 of 65512 blocks changed");
  }
}
