package io.backstay.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Diffs cut from one history: whatever way is taken, the end is the same bytes. A volume here has a
 * few blocks, each generation writes some of them, and a block's value is the generation that wrote
 * it last.
 */
class DiffChainPropertyTest {
  private static final int SEEDS = 2000;
  private static final int BLOCKS = 12;

  /** What generation i wrote, for i from 1 on. */
  private static final class History {
    final Random random;
    final int newest;
    final boolean[][] wrote;

    History(long seed) {
      random = new Random(seed);
      newest = 4 + random.nextInt(20);
      wrote = new boolean[newest + 1][BLOCKS];
      for (boolean[] generation : wrote)
        for (int block = 0; block < BLOCKS; block++) generation[block] = random.nextInt(4) == 0;
    }

    /** The volume at a generation. */
    int[] at(long gid) {
      int[] blocks = new int[BLOCKS];
      write(blocks, 0, gid);
      return blocks;
    }

    /** An image that was read while the volume went from one generation to another. */
    int[] readDuring(Snap snap) {
      int[] blocks = new int[BLOCKS];
      for (int block = 0; block < BLOCKS; block++) {
        int seen = (int) snap.begin() + random.nextInt((int) (snap.end() - snap.begin()) + 1);
        blocks[block] = at(seen)[block];
      }
      return blocks;
    }

    void write(int[] blocks, long from, long to) {
      for (int gid = (int) from + 1; gid <= to; gid++)
        for (int block = 0; block < BLOCKS; block++) if (wrote[gid][block]) blocks[block] = gid;
    }

    int[] applied(int[] image, List<Diff> chain) {
      int[] blocks = image.clone();
      for (Diff diff : chain) write(blocks, diff.from().begin(), diff.to().begin());
      return blocks;
    }

    /** Diffs without a hole from gid 0, of which some overlap, in any order. */
    List<Diff> diffs() {
      List<Diff> diffs = new ArrayList<>();
      for (int from = 0; from < newest; ) {
        int to = Math.min(newest, from + 1 + random.nextInt(3));
        diffs.add(diff(from, to));
        if (random.nextInt(4) == 0)
          diffs.add(diff(random.nextInt(from + 1), Math.min(newest, from + 1 + random.nextInt(4))));
        from = to;
      }
      Map<String, Diff> byGids = new LinkedHashMap<>();
      for (Diff diff : diffs) byGids.putIfAbsent(diff.gids(), diff);
      List<Diff> distinct = new ArrayList<>(byGids.values());
      Collections.shuffle(distinct, random);
      return distinct;
    }

    private Diff diff(long from, long to) {
      return new Diff(
          Snap.clean(from), Snap.clean(to), random.nextInt(4) > 0, false, Instant.EPOCH);
    }
  }

  @Test
  void anyChainLeadsToTheGenerationAtItsEnd() {
    for (int seed = 0; seed < SEEDS; seed++) {
      History history = new History(seed);
      List<Diff> diffs = history.diffs();
      int begin = history.random.nextInt(history.newest);
      Snap base = new Snap(begin, begin + history.random.nextInt(history.newest - begin));
      int[] image = history.readDuring(base);
      List<Diff> chain = DiffChain.chain(base, diffs);
      assertThat(DiffChain.apply(base, chain))
          .as("seed %d", seed)
          .isEqualTo(Snap.clean(history.newest));
      assertThat(history.applied(image, chain))
          .as("seed %d", seed)
          .isEqualTo(history.at(history.newest));
    }
  }

  @Test
  void everyRestorableGidIsReachedAndIsThatGeneration() {
    for (int seed = 0; seed < SEEDS; seed++) {
      History history = new History(seed);
      List<Diff> diffs = history.diffs();
      Snap base = new Snap(0, history.random.nextInt(history.newest));
      int[] image = history.readDuring(base);
      for (Restorable point : DiffChain.restorable(ImageState.of(base), Instant.EPOCH, diffs)) {
        List<Diff> chain =
            DiffChain.cleanChainUpTo(ImageState.of(base), diffs, point.gid()).orElseThrow();
        assertThat(history.applied(image, chain))
            .as("seed %d, gid %d", seed, point.gid())
            .isEqualTo(history.at(point.gid()));
      }
    }
  }

  @Test
  void mergesKeepEveryGidThatWasAskedForAndTheEnd() {
    for (int seed = 0; seed < SEEDS; seed++) {
      History history = new History(seed);
      List<Diff> diffs = history.diffs();
      ImageState base = ImageState.of(Snap.clean(0));
      List<Diff> chain = DiffChain.chain(base.image(), diffs);
      List<Diff> merged = DiffChain.mergeableRuns(chain).stream().map(DiffChain::merge).toList();
      List<Restorable> before = DiffChain.restorable(base, Instant.EPOCH, chain);
      List<Restorable> after = DiffChain.restorable(base, Instant.EPOCH, merged);
      assertThat(before).as("seed %d", seed).containsAll(after);
      assertThat(after)
          .as("seed %d", seed)
          .containsAll(
              before.stream()
                  .filter(point -> point.standing() != Restorable.Standing.PASSING)
                  .toList());
      assertThat(history.applied(history.at(0), merged))
          .as("seed %d", seed)
          .isEqualTo(history.at(history.newest));
    }
  }

  @Test
  void whatIsErasedBehindAnApplyIsMissedByNobody() {
    for (int seed = 0; seed < SEEDS; seed++) {
      History history = new History(seed);
      List<Diff> diffs = history.diffs();
      long gid = history.random.nextInt(history.newest + 1);
      ImageState base = ImageState.of(Snap.clean(0));
      List<Diff> toApply = DiffChain.toApply(base, diffs, gid);
      Snap reached = DiffChain.apply(base.image(), toApply);
      int[] image = history.applied(history.at(0), toApply);
      List<Diff> kept = new ArrayList<>(diffs);
      kept.removeAll(DiffChain.erasableBefore(diffs, reached.begin()));
      List<Diff> rest = DiffChain.chain(reached, kept);
      assertThat(reached.begin()).as("seed %d", seed).isLessThanOrEqualTo(gid);
      assertThat(Arrays.equals(history.applied(image, rest), history.at(history.newest)))
          .as("seed %d", seed)
          .isTrue();
    }
  }

  @Test
  void theFurthestChainIsFoundAmongManyDiffsInAnyOrder() {
    for (int seed = 0; seed < SEEDS; seed++) {
      History history = new History(seed);
      List<Diff> diffs = history.diffs();
      List<Diff> otherwise = new ArrayList<>(diffs);
      Collections.shuffle(otherwise, new Random(~seed));
      assertThat(DiffChain.chain(Snap.clean(0), otherwise))
          .as("seed %d", seed)
          .isEqualTo(DiffChain.chain(Snap.clean(0), diffs));
    }
  }
}
