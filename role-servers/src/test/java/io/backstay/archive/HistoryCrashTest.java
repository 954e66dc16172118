package io.backstay.archive;

import static io.backstay.archive.HistoryGround.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.history.WrittenHistory;
import io.backstay.model.OperationReport.State;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.twin.ProcessDiedError;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Invariant 3, rule X9: a process that dies, or a machine that loses power, before any disk
 * operation of an apply or a merge leaves every point that is listed as the volume was.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HistoryCrashTest {
  private static final boolean LONG = Boolean.getBoolean("backstay.long");
  private static final int SECTORS = 2100;

  /** Every so many of the operations, where there is not all the time in the world. */
  private static final int STEP = LONG ? 1 : 17;

  @Test
  void anApplyThatDiesAnywhereIsFinishedByTheNextProcess() throws Exception {
    dieEverywhere(apply(5), List.of(5L, 6L, 7L), false);
  }

  @Test
  void anApplyThatMakesTheImageLargerAndDiesAnywhereIsFinishedByTheNextProcess() throws Exception {
    dieEverywhere(apply(6), List.of(6L, 7L), true);
  }

  @Test
  void aMergeThatDiesAnywhereIsFinishedByTheNextProcess() throws Exception {
    dieEverywhere(merge(3, 7), List.of(2L, 3L, 7L), false);
  }

  @Test
  void aDeletionThatDiesAnywhereIsFinishedByTheNextProcess() throws Exception {
    dieEverywhere(delete(5), List.of(2L, 3L, 4L, 6L, 7L), false);
  }

  @Test
  void whenTheMetadataIsLostInAnApplyItIsMadeAgainFromTheFiles() throws Exception {
    long operations = new Life(apply(5), List.of(5L, 6L, 7L), true, true, 0).live(Long.MAX_VALUE);
    for (long at = 1; at <= operations; at += STEP)
      new Life(apply(5), List.of(5L, 6L, 7L), true, true, at).loseMetadata(at);
  }

  private static void dieEverywhere(Work work, List<Long> left, boolean grows) throws Exception {
    for (boolean power : List.of(true, false)) {
      long operations = new Life(work, left, grows, power, 0).live(Long.MAX_VALUE);
      for (long at = 1; at <= operations; at += STEP)
        new Life(work, left, grows, power, at).live(at);
    }
  }

  /** One archive with a dirty image |0,2| and diffs up to gid 7, of which none is explicit. */
  private static final class Life {
    private final HistoryGround ground = new HistoryGround();
    private final Work work;
    private final List<Long> left;
    private final Random random;
    private final WrittenHistory history;
    private final boolean power;
    private final String how;

    Life(Work work, List<Long> left, boolean grows, boolean power, long seed) throws IOException {
      this.work = work;
      this.left = left;
      this.random = new Random(seed);
      this.history = new WrittenHistory(random, SECTORS, 1, 0);
      this.how = "%s, %s before operation %d".formatted(work.kind(), power, seed);
      this.power = power;
      ground.start();
      ground.add(2L * SECTORS * 512);
      List<WrittenHistory.Sent> sent = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        if (grows && i == 4) history.grow(2 * SECTORS - 3);
        history.write(4);
        sent.add(history.cut());
      }
      ground.takeImage(history, 0, 2, random);
      for (WrittenHistory.Sent one : sent) ground.send(one);
    }

    long live(long crashAt) throws Exception {
      AtomicLong operations =
          ground.crashAt(crashAt, power ? Optional.of(random) : Optional.empty());
      try {
        ground.run("r1/work", work);
      } catch (ProcessDiedError | IOException expected) {
        // the crash that was asked for
      }
      long count = operations.get();
      ground.openAgain();
      assertEveryPointIsRight();
      ground.resume();
      finish();
      assertThat(ground.gids()).as(how).isEqualTo(left);
      assertEveryPointIsRight();
      ground.openAgain();
      assertThat(ground.gids()).as(how).isEqualTo(left);
      assertThat(ground.histories.of(VOLUME).damage()).as(how).isEmpty();
      ground.stop();
      return count;
    }

    void loseMetadata(long crashAt) throws Exception {
      ground.crashAt(crashAt, Optional.of(random));
      try {
        ground.run("r1/work", work);
      } catch (ProcessDiedError | IOException expected) {
        // the crash that was asked for
      }
      ground.openAgain();
      ground.rebuild();
      assertEveryPointIsRight();
      assertThat(ground.gids()).as(how).contains(5L, 6L, 7L);
      ground.run("r2/work", work);
      assertThat(ground.gids()).as(how).isEqualTo(left);
      assertEveryPointIsRight();
      ground.stop();
    }

    private void finish() throws Exception {
      try {
        ground.begin("r1/work", work);
      } catch (RefusedException e) {
        throw new AssertionError(how, e);
      }
      assertThat(ground.await("r1/work").state()).as(how).isEqualTo(State.DONE);
    }

    private void assertEveryPointIsRight() throws Exception {
      assertThat(ground.gids()).as(how).isNotEmpty();
      for (long gid : ground.gids())
        assertThat(ground.image(gid)).as("%s, gid %d", how, gid).isEqualTo(history.at(gid));
    }
  }
}
