package io.backstay.archive;

import static io.backstay.archive.HistoryGround.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.archive.QuietTimes.Quiet;
import io.backstay.history.WrittenHistory;
import io.backstay.model.Hold;
import io.backstay.model.OperationReport;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Point;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.wdiff.DiffRecord.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Points of a logged volume: an image and the diffs over it, rules X8 to X10 and L9. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PointsOfDiffsTest {
  private static final int SECTORS = 7001;
  private final HistoryGround ground = new HistoryGround();
  private final Random random = new Random(11);
  private final WrittenHistory history = new WrittenHistory(random, SECTORS, 1, 0);

  @BeforeEach
  void start() throws Exception {
    ground.start();
    ground.add(2L * SECTORS * 512);
    history.write(40);
  }

  @AfterEach
  void stop() throws Exception {
    ground.stop();
  }

  private void send(int cuts) throws Exception {
    for (WrittenHistory.Sent sent : history.cuts(cuts, 20)) ground.send(sent);
  }

  /** An image |1,3| and diffs up to gid 8; the points are 3 to 8. */
  private void takeDirtyImage() throws Exception {
    send(3);
    ground.takeImage(history, 1, 3, random);
    send(5);
  }

  private void assertEveryPointIsWhatTheVolumeWas() throws Exception {
    for (long gid : ground.gids())
      assertThat(ground.image(gid)).as("gid %d", gid).isEqualTo(history.at(gid));
  }

  @Test
  void aDirtyImageIsNoPointUntilTheDiffsUpToItsEndHaveCome() throws Exception {
    List<WrittenHistory.Sent> sent = history.cuts(3, 20);
    ground.takeImage(history, 1, 3, random);
    assertThat(ground.gids()).isEmpty();
    ground.send(sent.get(2));
    assertThat(ground.gids()).isEmpty();
    ground.send(sent.get(1));
    assertThat(ground.gids()).containsExactly(3L);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void everyCutBehindTheImageIsAPoint() throws Exception {
    takeDirtyImage();
    assertThat(ground.gids()).containsExactly(3L, 4L, 5L, 6L, 7L, 8L);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void aHoleInTheChainEndsIt() throws Exception {
    ground.takeImage(history, 0, 0, random);
    List<WrittenHistory.Sent> sent = history.cuts(4, 20);
    for (int i : new int[] {0, 1, 3}) ground.send(sent.get(i));
    assertThat(ground.gids()).containsExactly(0L, 1L, 2L);
    ground.send(sent.get(2));
    assertThat(ground.gids()).containsExactly(0L, 1L, 2L, 3L, 4L);
  }

  @Test
  void aPointHasTheSizeThatTheVolumeHadThenRuleL9() throws Exception {
    ground.takeImage(history, 0, 0, random);
    send(2);
    history.grow(2 * SECTORS);
    send(2);
    assertThat(ground.points.of(VOLUME).points().stream().map(Point::sizeBytes).toList())
        .containsExactly(
            SECTORS * 512L, SECTORS * 512L, SECTORS * 512L, SECTORS * 1024L, SECTORS * 1024L);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void aPointKnowsUntilWhenNothingWasWrittenRuleM4() throws Exception {
    ground.takeImage(history, 0, 0, random);
    ground.send(history.cut());
    history.write(5, 1, Kind.NORMAL);
    ground.send(history.cut());
    ground.histories.quiet(VOLUME, 1, 2, Instant.parse("2026-11-21T09:00:00Z"));
    List<Point> points = ground.points.of(VOLUME).points();
    // Until the first write before the second cut, which came 1.7 s after the first cut.
    assertThat(points.get(1).quietUntil()).contains(points.get(1).time().plusMillis(1700));
    assertThat(points.get(2).quietUntil()).contains(Instant.parse("2026-11-21T09:00:00Z"));
    ground.histories.quiet(VOLUME, 1, 1, Instant.parse("2026-11-21T10:00:00Z"));
    assertThat(ground.histories.quiet(VOLUME).map(Quiet::gid)).isPresent();
  }

  private Optional<Instant> quietUntil() throws Exception {
    return ground.points.of(VOLUME).newest().orElseThrow().quietUntil();
  }

  /** Rule M4: the storage that said it may be dead for good. */
  @Test
  void thatNothingWasWrittenIsKnownToTheNextProcess() throws Exception {
    Instant nine = Instant.parse("2026-11-21T09:00:00Z");
    ground.takeImage(history, 0, 0, random);
    ground.histories.quiet(VOLUME, 1, 0, nine);
    ground.disk.powerLoss(random);
    ground.openAgain();
    assertThat(quietUntil()).contains(nine);
    // Not each word is noted, unless the process ends in order.
    ground.histories.quiet(VOLUME, 1, 0, nine.plusSeconds(5));
    ground.histories.quiet(VOLUME, 1, 0, nine.plusSeconds(6));
    assertThat(quietUntil()).contains(nine.plusSeconds(6));
    ground.openAgain();
    assertThat(quietUntil()).contains(nine.plusSeconds(5));
    ground.histories.quiet(VOLUME, 1, 0, nine.plusSeconds(8));
    ground.histories.quiet(VOLUME, 1, 0, nine.plusSeconds(9));
    ground.histories.stop();
    ground.openAgain();
    assertThat(quietUntil()).contains(nine.plusSeconds(9));
  }

  /** Rule M4: what is said of one cut says nothing of another one. */
  @Test
  void aWordThatComesLateTakesNothingBack() throws Exception {
    Instant nine = Instant.parse("2026-11-21T09:00:00Z");
    ground.takeImage(history, 0, 0, random);
    ground.send(history.cut());
    ground.histories.quiet(VOLUME, 1, 1, nine);
    ground.histories.quiet(VOLUME, 1, 1, nine.minusSeconds(5));
    ground.histories.quiet(VOLUME, 1, 0, nine.plusSeconds(5));
    assertThat(quietUntil()).contains(nine);
  }

  @Test
  void anApplyMakesALaterPointTheOldestAndLeavesTheOthersAsTheyWere() throws Exception {
    takeDirtyImage();
    OperationReport report = ground.run("r1/apply", apply(6));
    assertThat(report.state()).isEqualTo(State.DONE);
    WorkResult.Applied applied = (WorkResult.Applied) report.result().orElseThrow();
    assertThat(applied.gid()).isEqualTo(6);
    assertThat(applied.diffs()).isEqualTo(5);
    assertThat(applied.pointsDestroyed()).isEqualTo(3);
    assertThat(ground.gids()).containsExactly(6L, 7L, 8L);
    assertThat(ground.histories.of(VOLUME).all()).hasSize(2);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void anApplyOverAGrownVolumeMakesTheImageLargerRuleL9() throws Exception {
    takeDirtyImage();
    history.grow(2 * SECTORS);
    send(3);
    assertThat(ground.run("r1/apply", apply(10)).state()).isEqualTo(State.DONE);
    assertThat(ground.gids()).containsExactly(10L, 11L);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void aHeldPointKeepsAnApplyAwayRuleX10() throws Exception {
    takeDirtyImage();
    hold(5);
    assertThatThrownBy(() -> ground.run("r1/apply", apply(6)))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("held");
    assertThat(ground.run("r2/apply", apply(5)).state()).isEqualTo(State.DONE);
    assertThat(ground.gids()).startsWith(5L);
  }

  private void hold(long gid) throws Exception {
    ground.store.update(
        VOLUME, before -> before.hold(new Hold("r0/restore", gid, Instant.MAX.minusSeconds(1))));
  }

  /** Rule X10: what began before somebody took the hold looks for it again when it destroys. */
  @Test
  void anApplyAndADeletionWaitForWhoTookAHoldSinceTheyBegan() throws Exception {
    ground.takeImage(history, 0, 0, random);
    history.cuts(1, 20);
    ground.takeImage(history, 1, 1, random);
    for (Work work : List.of(apply(1), delete(0))) {
      ground.admitted("r1/" + work.kind(), work);
      hold(0);
      ground.resume();
      assertThat(ground.awaitWaiting("r1/" + work.kind()).waiting()).isPresent();
      assertThat(ground.gids()).containsExactly(0L, 1L);
      assertThat(ground.image(0)).isEqualTo(history.at(0));
      ground.openAgain();
    }
    ground.resume();
    ground.store.update(VOLUME, before -> before.release("r0/restore"));
    assertThat(ground.await("r1/" + delete(0).kind()).state()).isEqualTo(State.DONE);
    assertThat(ground.gids()).containsExactly(1L);
  }

  @Test
  void whoReadsWithoutAHoldKeepsAnApplyAwayToo() throws Exception {
    takeDirtyImage();
    try (PointImage reading = ground.points.open(VOLUME, 4)) {
      assertThat(reading.sizeBytes()).isPositive();
      assertThatThrownBy(() -> ground.run("r1/apply", apply(6)))
          .isInstanceOf(RefusedException.class);
    }
    assertThat(ground.run("r2/apply", apply(6)).state()).isEqualTo(State.DONE);
  }

  @Test
  void aReaderOfALaterPointSeesNothingOfAnApplyUnderIt() throws Exception {
    takeDirtyImage();
    try (PointImage reading = ground.points.open(VOLUME, 7)) {
      assertThat(ground.run("r1/apply", apply(6)).state()).isEqualTo(State.DONE);
      assertThat(ground.read(reading)).isEqualTo(history.at(7));
    }
    assertThat(ground.disk.directory("/state/volumes/vol0/diffs").list()).hasSize(2 * 2 + 1);
  }

  @Test
  void aMergeLeavesOnlyThePointsThatSomebodyAskedForOrHolds() throws Exception {
    ground.takeImage(history, 0, 0, random);
    for (int i = 0; i < 8; i++) {
      history.write(10);
      ground.send(history.cut(i == 2, i == 2 ? Optional.of("before") : Optional.empty()));
    }
    hold(5);
    OperationReport report = ground.run("r1/merge", merge(0, 8));
    assertThat(report.state()).isEqualTo(State.DONE);
    assertThat(ground.gids()).containsExactly(0L, 3L, 5L, 8L);
    assertThat(ground.points.of(VOLUME).points().get(1).label()).contains("before");
    WorkResult.Merged merged = (WorkResult.Merged) report.result().orElseThrow();
    assertThat(merged.diffsBefore()).isEqualTo(8);
    assertThat(merged.diffsAfter()).isEqualTo(3);
    assertThat(merged.pointsDestroyed()).isEqualTo(5);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void aReaderBetweenMergedDiffsReadsOn() throws Exception {
    takeDirtyImage();
    try (PointImage reading = ground.points.open(VOLUME, 5)) {
      for (long gid = 1; gid < 8; gid++) ground.histories.of(VOLUME).keep(gid, false);
      assertThat(ground.run("r1/merge", merge(1, 8)).state()).isEqualTo(State.DONE);
      assertThat(ground.gids()).containsExactly(8L);
      assertThat(ground.read(reading)).isEqualTo(history.at(5));
    }
  }

  @Test
  void aPointInTheChainIsDeletedAlone() throws Exception {
    takeDirtyImage();
    assertThat(ground.run("r1/delete", delete(5)).state()).isEqualTo(State.DONE);
    assertThat(ground.gids()).containsExactly(3L, 4L, 6L, 7L, 8L);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void anImageThatLaterPointsNeedIsNotDeleted() throws Exception {
    ground.takeImage(history, 0, 0, random);
    send(2);
    assertThatThrownBy(() -> ground.run("r1/delete", delete(0)))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().next()).contains("backstay apply vol0 --gid 1"));
    ground.takeImage(history, 2, 2, random);
    assertThat(ground.gids()).containsExactly(0L, 1L, 2L);
  }

  @Test
  void theNewestPointIsNeverDeleted() throws Exception {
    takeDirtyImage();
    assertThatThrownBy(() -> ground.run("r1/delete", delete(8)))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.NEWEST_POINT));
  }

  @Test
  void ofTwoImagesTheNewerIsTheBaseAndTheOlderKeepsItsPoints() throws Exception {
    takeDirtyImage();
    ground.takeImage(history, 6, 8, random);
    send(2);
    assertThat(ground.gids()).containsExactly(3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
    assertThat(ground.points.of(VOLUME).recipe(9).orElseThrow().image().serial()).isEqualTo(1);
    assertEveryPointIsWhatTheVolumeWas();
    assertThat(ground.run("r1/apply", apply(9)).state()).isEqualTo(State.DONE);
    assertThat(ground.store.get(VOLUME).images()).hasSize(1);
    assertThat(ground.gids()).containsExactly(9L, 10L);
    assertEveryPointIsWhatTheVolumeWas();
  }

  @Test
  void whatWasAppliedIsStillKnownRuleX3() throws Exception {
    ground.takeImage(history, 0, 0, random);
    List<WrittenHistory.Sent> sent = new ArrayList<>(history.cuts(4, 20));
    for (WrittenHistory.Sent one : sent) ground.send(one);
    ground.run("r1/apply", apply(3));
    for (WrittenHistory.Sent one : sent)
      assertThat(ground.histories.judge(VOLUME, one.sidecar()))
          .isEqualTo(io.backstay.wire.Message.WdiffVerdict.Verdict.HAVE_IT);
  }

  @Test
  void aDamagedDiffKeepsAnApplyFromTouchingTheImage() throws Exception {
    takeDirtyImage();
    var damaged = ground.histories.of(VOLUME).all().get(3);
    ground.disk.rot(
        "/state/volumes/vol0/diffs/" + damaged.diff().fileName(), damaged.fileBytes() / 2, 1);
    OperationReport report = ground.run("r1/apply", apply(6));
    assertThat(report.refusal().orElseThrow().code()).isEqualTo(RefusalCode.CORRUPT);
    assertThat(ground.gids()).startsWith(3L);
    assertThat(ground.image(3)).isEqualTo(history.at(3));
  }

  @Test
  void aRottenBlockOfTheImageIsFoundUnderTheDiffs() throws Exception {
    ground.send(history.cut());
    ground.takeImage(history, 1, 1, random);
    history.write(0, 1, Kind.NORMAL);
    ground.send(history.cut());
    int at = 512;
    while (history.at(2)[at] == 0) at++;
    ground.disk.rot("/state/volumes/vol0/image-000000.raw", at, 1);
    assertThatThrownBy(() -> ground.image(2)).isInstanceOf(CorruptImageException.class);
  }

  @Test
  void metadataIsMadeAgainFromImagesAndDiffs() throws Exception {
    takeDirtyImage();
    ground.takeImage(history, 6, 8, random);
    send(2);
    ground.histories.tidy(VOLUME);
    ArchiveVolume lost = ground.store.get(VOLUME);
    ground.rebuild();
    ArchiveVolume made = ground.store.get(VOLUME);
    assertThat(made.images()).isEqualTo(lost.images());
    assertThat(made.sessions()).isEqualTo(lost.sessions());
    assertThat(made.nextGid()).isGreaterThan(lost.nextGid());
    assertThat(made.nextSerial()).isEqualTo(lost.nextSerial());
    assertEveryPointIsWhatTheVolumeWas();
  }
}
