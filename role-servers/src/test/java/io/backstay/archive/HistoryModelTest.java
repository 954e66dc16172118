package io.backstay.archive;

import static io.backstay.archive.HistoryGround.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.history.WrittenHistory;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.twin.ProcessDiedError;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Invariant 3 against a model: a volume is written to, cut, resized and backed up again; its diffs
 * come late and out of order; applies, merges and deletions run and are cut short by crashes. After
 * each step every point that is listed is what the volume was when it was cut, rules X3, X8, X9.
 */
@Timeout(value = 900, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HistoryModelTest {
  private static final int SEEDS = Boolean.getBoolean("backstay.long") ? 300 : 12;
  private static final int STEPS = 40;

  @Test
  void everyPointIsWhatTheVolumeWasWhateverWasDoneBefore() throws Exception {
    for (long seed = 1; seed <= SEEDS; seed++) new Life(seed).live();
  }

  private static final class Life {
    private final long seed;
    private final Random random;
    private final HistoryGround ground = new HistoryGround();
    private final WrittenHistory history;

    /** Cut, but not yet at the archive. */
    private final List<WrittenHistory.Sent> onTheWay = new ArrayList<>();

    /** Gids that nobody may take away: the newest that was restorable, and behind applies. */
    private final TreeSet<Long> destroyable = new TreeSet<>();

    private int sectors = 700;
    private int runs;
    private String step = "start";

    Life(long seed) throws IOException {
      this.seed = seed;
      this.random = new Random(seed);
      this.history = new WrittenHistory(random, sectors, 1, 0);
      ground.start();
      ground.add(1L << 30);
      cut();
      ground.takeImage(history, 0, 1, random);
    }

    void live() throws Exception {
      for (int i = 0; i < STEPS; i++) {
        List<Long> before = ground.gids();
        destroyable.clear();
        step();
        check(before);
      }
      ground.stop();
    }

    private void step() throws Exception {
      switch (random.nextInt(12)) {
        case 0, 1, 2 -> cut();
        case 3, 4, 5 -> deliver();
        case 6 -> run(apply(anyGid()));
        case 7 -> runMerge();
        case 8 -> run(delete(anyGid()));
        case 9 -> {
          step = "crash";
          if (random.nextBoolean()) ground.disk.powerLoss(random);
          ground.openAgain();
          ground.resume();
        }
        case 10 -> image();
        default -> {
          step = "grow";
          sectors += random.nextInt(300);
          history.grow(sectors);
        }
      }
    }

    private void cut() throws IOException {
      step = "cut";
      history.write(random.nextInt(6));
      onTheWay.add(history.cut(random.nextInt(6) == 0, Optional.empty()));
    }

    private void deliver() throws IOException {
      step = "deliver";
      Collections.shuffle(onTheWay, random);
      int count = random.nextInt(onTheWay.size() + 1);
      for (int i = 0; i < count; i++) {
        WrittenHistory.Sent sent = onTheWay.removeLast();
        ground.send(sent);
        // Twice now and then: a proxy did not hear the answer.
        if (random.nextInt(4) == 0) onTheWay.add(sent);
      }
    }

    private void image() throws IOException {
      step = "image";
      long end = history.last().gid();
      long begin = Math.max(0, end - random.nextInt(3));
      if (history.at(begin).length == history.at(end).length)
        ground.takeImage(history, begin, end, random);
    }

    private long anyGid() {
      return random.nextLong(history.last().gid() + 1);
    }

    private void runMerge() throws Exception {
      long one = anyGid();
      long other = anyGid();
      if (one != other) run(merge(Math.min(one, other), Math.max(one, other)));
    }

    /** Half of them die on the way, and are finished by the next process. */
    private void run(Work work) throws Exception {
      step = work.toString();
      String operation = "r%d/work".formatted(runs++);
      for (long gid : ground.gids()) if (mayDestroy(work, gid)) destroyable.add(gid);
      if (random.nextBoolean()) crash();
      try {
        ground.run(operation, work);
      } catch (RefusedException | ProcessDiedError | IOException expected) {
        // It was not to be done, or the crash that was asked for.
      }
      if (!ground.calm()) return;
      ground.openAgain();
      check(List.of());
      ground.resume();
      try {
        ground.run(operation, work);
      } catch (RefusedException e) {
        // It was not to be done.
      }
    }

    private static boolean mayDestroy(Work work, long gid) {
      return switch (work) {
        case Work.Apply apply -> gid < apply.gid();
        case Work.Merge merge -> gid > merge.fromGid() && gid < merge.toGid();
        case Work.DeletePoint delete -> gid == delete.gid();
        default -> false;
      };
    }

    private void crash() {
      ground.crashAt(
          1 + random.nextInt(120), random.nextBoolean() ? Optional.of(random) : Optional.empty());
    }

    private void check(List<Long> before) throws Exception {
      String how = "seed %d, %s".formatted(seed, step);
      List<Long> now = ground.gids();
      for (long gid : before) if (!destroyable.contains(gid)) assertThat(now).as(how).contains(gid);
      for (long gid : now)
        assertThat(ground.image(gid)).as("%s, gid %d", how, gid).isEqualTo(history.at(gid));
      assertThat(ground.histories.of(VOLUME).damage()).as(how).isEmpty();
    }
  }
}
