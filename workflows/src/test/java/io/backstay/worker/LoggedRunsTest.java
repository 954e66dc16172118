package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.OperationReport.State;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.wire.Command;
import io.backstay.workflow.Apply;
import io.backstay.workflow.FullBackup;
import io.backstay.workflow.Merge;
import io.backstay.workflow.RunInput;
import io.backstay.workflow.Snapshot;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The runs Snapshot, Apply and Merge, for which a volume has a log (rules M1, K5, F5). */
class LoggedRunsTest {
  private final TestGroup group = TestGroup.start();

  @BeforeEach
  void protect() {
    group.servers.protectLogged("log0", 4);
  }

  @AfterEach
  void close() {
    group.close();
  }

  private List<Long> gids() {
    return group.servers.points("log0").stream().map(Point::gid).toList();
  }

  private static Snapshot.Input snapshot(Boolean await, String request) {
    return new Snapshot.Input("log0", "before-upgrade", await, request);
  }

  private static Apply.Input apply(Long gid, Instant at, String archive) {
    return new Apply.Input("log0", gid, at, null, null, archive, Scenario.GRANT);
  }

  private static Merge.Input merge(long from, long to) {
    return new Merge.Input("log0", from, to, null, Scenario.GRANT);
  }

  @Test
  void aSnapshotIsTakenAndWaitedForUntilAnArchiveHasIt() throws Exception {
    Snapshot.Result result = group.completed(snapshot(null, null), Snapshot.Result.class);
    Point point = group.servers.points("log0").getLast();
    assertThat(result)
        .isEqualTo(new Snapshot.Result("log0", 4, point.time(), "before-upgrade", true, "a0"));
    assertThat(point.explicit()).isTrue();
    assertThat(point.label()).contains("before-upgrade");
    assertThat(group.servers.isSteady()).isTrue();
  }

  /**
   * Rule K2: it reserves nothing, so that it is taken while a backup runs, and without a catalog.
   */
  @Test
  void aSnapshotNeedsNeitherReservationNorCatalog() throws Exception {
    group.servers.stop("c0");
    group.completed(snapshot(null, null), Snapshot.Result.class);
    assertThat(group.servers.journal()).noneMatch(call -> call.startsWith("c0 "));
  }

  @Test
  void whoDoesNotWaitIsToldThatNoArchiveHasItYet() throws Exception {
    Snapshot.Result result = group.completed(snapshot(false, null), Snapshot.Result.class);
    assertThat(result.gid()).isEqualTo(4);
    assertThat(result.restorable()).isFalse();
    assertThat(result.archive()).isNull();
    assertThat(group.servers.journal()).doesNotContain("a0 ListPoints");
  }

  /** Two who ask at the same time get one each: what was written between is in the second alone. */
  @Test
  void eachRequestIsASnapshotOfItsOwn() throws Exception {
    group.servers.stop("a0");
    Started first = group.begin(snapshot(null, "r1"));
    group.until(() -> waitsForTheArchive(first));
    Started second = group.begin(snapshot(null, "r2"));
    assertThat(second.how()).isEqualTo(Started.How.STARTED);
    assertThat(group.begin(snapshot(null, "r1")).how()).isEqualTo(Started.How.ATTACHED);
    group.until(() -> waitsForTheArchive(second));
    group.servers.restart("a0");
    assertThat(group.completed(first, Snapshot.Result.class).gid()).isEqualTo(4);
    assertThat(group.completed(second, Snapshot.Result.class).gid()).isEqualTo(5);
  }

  private boolean waitsForTheArchive(Started started) {
    return group.status(started).step().startsWith("waiting until a0 can restore log0 at gid ");
  }

  /** Rule K4. */
  @Test
  void anArchiveThatIsAwayIsWaitedFor() throws Exception {
    group.servers.stop("a0");
    Started started = group.begin(snapshot(null, null));
    group.until(() -> !waits(started).isEmpty());
    assertThat(waits(started).getFirst().toString())
        .startsWith("AwaitPoint since 2026-11-21T08:00:")
        .contains("a0 at h:9: connection refused");
    group.servers.restart("a0");
    assertThat(group.completed(started, Snapshot.Result.class).archive()).isEqualTo("a0");
    assertThat(gids()).containsExactly(0L, 1L, 2L, 3L, 4L);
  }

  private List<RunDescription.Waiting> waits(Started started) {
    try {
      return group.runs.describe(started.run().workflowId()).waiting();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aVolumeThatIsClearedMeanwhileIsNotWaitedFor() throws Exception {
    group.servers.holdStill();
    Started started = group.begin(snapshot(null, null));
    group.until(() -> group.servers.operations("s0").size() == 1);
    group.servers.interrupt(
        (_, _, command) -> {
          if (command instanceof Command.ListPoints) group.servers.forget("log0");
        },
        (_, _, _) -> {});
    group.servers.goOn();
    Outcome.Failed failed = (Outcome.Failed) group.end(started);
    assertThat(failed.refusal().code()).isEqualTo(RefusalCode.UNKNOWN_VOLUME);
  }

  /** Rule X4: the image is a point when its log has come; nobody else has to wait for that. */
  @Test
  void aBackupEndsWhenItIsRestorableAndHoldsTheVolumeNoLonger() throws Exception {
    group.servers.interrupt(
        (_, _, command) -> {
          if (command instanceof Command.ListPoints) group.servers.holdStill();
        },
        (_, _, _) -> {});
    Started started = group.begin(new FullBackup.Input("log0", null, null));
    group.until(() -> waitsForTheArchive(started));
    assertThat(group.servers.reservations()).isEmpty();
    assertThat(gids()).doesNotContain(4L);
    group.servers.undisturbed();
    group.servers.goOn();
    assertThat(group.completed(started, FullBackup.Result.class).gid()).isEqualTo(4);
    assertThat(gids()).contains(4L);
  }

  /** Rule X5: in so many passes the log is given up after the image was sent. */
  private Started backUpLosing(int times) throws Exception {
    AtomicInteger passes = new AtomicInteger();
    group.servers.interrupt(
        (_, server, command) -> {
          if (server.equals("s0") && command instanceof Command.Start)
            group.servers.beginSession("log0", passes.incrementAndGet(), 4);
          if (command instanceof Command.ListPoints && passes.get() <= times)
            group.servers.loseLog("log0", Instant.EPOCH);
        },
        (_, _, _) -> {});
    return group.begin(new FullBackup.Input("log0", null, null));
  }

  /** Rule X5. */
  @Test
  void aBackupWhoseLogIsGivenUpBeforeTheArchiveHasItBeginsAgain() throws Exception {
    group.completed(backUpLosing(2), FullBackup.Result.class);
    assertThat(group.servers.operations("s0")).hasSize(3);
    assertThat(gids()).contains(4L);
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void aBackupWhoseLogIsGivenUpEachTimeEndsAndSaysSo() throws Exception {
    Outcome.Failed failed = (Outcome.Failed) group.end(backUpLosing(9));
    assertThat(failed.refusal().code()).isEqualTo(RefusalCode.NEVER_RESTORABLE);
    assertThat(failed.refusal().next()).isEqualTo("backstay backup full log0");
    assertThat(group.servers.operations("s0")).hasSize(3);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule M2: whatever the storage says. */
  @Test
  void aVolumeThatNoArchiveFollowsHasNoSnapshots() throws Exception {
    Refusal given =
        Refusal.of(RefusalCode.NOT_PROTECTED, "no archive follows the log")
            .attempted("take a snapshot of log0")
            .next("backstay backup full log0");
    group.servers.refuse((_, command) -> command instanceof Command.Start, given);
    assertThat(group.refused(snapshot(null, null))).isEqualTo(given);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule L10. */
  @ParameterizedTest
  @MethodSource("ofAPlainVolume")
  void aPlainVolumeHasNoLogForIt(RunInput input) throws Exception {
    assertThat(group.refused(input).code()).isEqualTo(RefusalCode.NEEDS_LOG);
    assertThat(group.servers.journal()).noneMatch(call -> call.endsWith(" Start"));
    assertThat(group.servers.isSteady()).isTrue();
  }

  static List<RunInput> ofAPlainVolume() {
    return List.of(
        new Snapshot.Input("vol0", null, null, null),
        new Apply.Input("vol0", 1L, null, null, null, null, Scenario.GRANT),
        new Merge.Input("vol0", 0L, 1L, null, Scenario.GRANT));
  }

  @Test
  void anApplyMakesAPointTheOldest() throws Exception {
    assertThat(group.completed(apply(2L, null, null), Apply.Result.class))
        .isEqualTo(new Apply.Result("log0", 2, "a0", 2, 2, 2 << 20, 1.5));
    assertThat(gids()).containsExactly(2L, 3L);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule M4. */
  @Test
  void anApplyMayNameATimeAndIsStrictAboutIt() throws Exception {
    Instant of2 = group.servers.points("log0").get(2).time();
    assertThat(group.refused(apply(null, of2.minusSeconds(5), null)).code())
        .isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(group.completed(apply(null, of2, null), Apply.Result.class).gid()).isEqualTo(2);
  }

  @Test
  void aMergeLeavesItsEndsAndTheSnapshotsBetween() throws Exception {
    assertThat(group.completed(merge(0, 3), Merge.Result.class))
        .isEqualTo(new Merge.Result("log0", 0, 3, "a0", 2, 1, 2 << 20, 1 << 20, 1, 1.5));
    assertThat(gids()).containsExactly(0L, 1L, 3L);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule K5. */
  @Test
  void withoutAGrantNothingIsEvenReserved() throws Exception {
    assertThat(group.refused(new Apply.Input("log0", 2L, null, null, null, null, null)).code())
        .isEqualTo(RefusalCode.GRANT_REQUIRED);
    assertThat(group.refused(new Merge.Input("log0", 0L, 3L, null, null)).code())
        .isEqualTo(RefusalCode.GRANT_REQUIRED);
    assertThat(group.servers.journal()).isEmpty();
  }

  @Test
  void anArchiveThatIsNotTheVolumesIsRefused() throws Exception {
    assertThat(group.refused(apply(2L, null, "a7")).code()).isEqualTo(RefusalCode.UNKNOWN_SERVER);
    assertThat(group.refused(new Merge.Input("log0", 0L, 3L, "a7", Scenario.GRANT)).code())
        .isEqualTo(RefusalCode.UNKNOWN_SERVER);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule K2. */
  @Test
  void anApplyAndAMergeExcludeEachOther() throws Exception {
    group.servers.holdStill();
    Started first = group.begin(apply(2L, null, null));
    group.until(() -> group.servers.operations("a0").containsValue(State.RUNNING));
    Outcome.Failed refused = (Outcome.Failed) group.end(group.begin(merge(0, 3)));
    assertThat(refused.refusal().code()).isEqualTo(RefusalCode.ALREADY_RUNNING);
    assertThat(refused.holder().map(holder -> holder.workflowId()))
        .isEqualTo(Optional.of("apply/log0"));
    group.servers.goOn();
    group.completed(first, Apply.Result.class);
  }

  /** Rule X10: what is held is refused by the archive, and the run ends with that. */
  @Test
  void whatIsHeldEndsTheRun() throws Exception {
    group.servers.refuse(
        (server, command) -> server.equals("a0") && command instanceof Command.Start,
        Refusal.of(RefusalCode.HELD, "gid 1 is held"));
    assertThat(group.refused(apply(2L, null, null)).code()).isEqualTo(RefusalCode.HELD);
    assertThat(group.refused(merge(0, 3)).code()).isEqualTo(RefusalCode.HELD);
    assertThat(gids()).hasSize(4);
    assertThat(group.servers.isSteady()).isTrue();
  }
}
