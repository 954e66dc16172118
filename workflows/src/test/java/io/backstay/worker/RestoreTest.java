package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.activity.MemoryServers;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.policy.ChosenPoint;
import io.backstay.wire.Command;
import io.backstay.workflow.DeletePoint;
import io.backstay.workflow.Restore;
import io.backstay.workflow.VerifyRestore;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The runs Restore and VerifyRestore, which take a hold and no reservation (rules K2, X10). */
class RestoreTest {
  private final TestGroup group = TestGroup.start();

  @AfterEach
  void close() {
    group.close();
  }

  private static Restore.Input to(String target) {
    return new Restore.Input("vol0", null, null, null, null, target, null, null, null);
  }

  private static Restore.Input of(Long gid, Instant at, String label) {
    return new Restore.Input("vol0", gid, at, label, null, "n0:/x", null, null, null);
  }

  @Test
  void withoutAPointTheNewestIsRestored() throws Exception {
    Restore.Result result = group.completed(to("n0:/x"), Restore.Result.class);
    assertThat(result)
        .isEqualTo(
            new Restore.Result(
                "vol0",
                1,
                "n0:/x",
                4 << 20,
                4 << 20,
                1.5,
                null,
                group.servers.points("vol0").getLast().time(),
                null,
                null));
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void aPointIsHeldBeforeItIsReadAndLetGoAfterwards() throws Exception {
    group.completed(of(0L, null, null), Restore.Result.class);
    List<String> calls =
        group.servers.journal().stream().filter(call -> !call.endsWith("Watch")).toList();
    assertThat(calls)
        .containsSubsequence("a0 ListPoints", "a0 TakeHold", "a0 Start", "a0 ReleaseHold");
    assertThat(calls).noneMatch(call -> call.startsWith("c0 "));
  }

  /** Rule K1: only reservations and record changes need the catalog. */
  @Test
  void aRestoreAndAVerificationWorkWithoutTheCatalog() throws Exception {
    group.servers.stop("c0");
    assertThat(group.completed(to("n0:/x"), Restore.Result.class).gid()).isEqualTo(1);
    Instant time = group.servers.points("vol0").getFirst().time();
    assertThat(group.completed(new VerifyRestore.Input("vol0", 0L), VerifyRestore.Result.class))
        .isEqualTo(new VerifyRestore.Result("vol0", 0, 4 << 20, 1.5, time, null, null));
  }

  @Test
  void aVerificationWithoutAPointTakesTheNewest() throws Exception {
    VerifyRestore.Result result =
        group.completed(new VerifyRestore.Input("vol0", null), VerifyRestore.Result.class);
    assertThat(result.gid()).isEqualTo(1);
  }

  /** Rule M4: as strict as a restore, and it says how far off the point is. */
  @Test
  void aVerificationMayNameATime() throws Exception {
    group.servers.protectLogged("log0", 3);
    Instant quiet = group.servers.points("log0").get(1).time().plusSeconds(20);
    VerifyRestore.Result result =
        group.completed(
            new VerifyRestore.Input("log0", null, quiet, null, null, null),
            VerifyRestore.Result.class);
    assertThat(result.gid()).isEqualTo(1);
    assertThat(result.gapSeconds()).isEqualTo(20);
    assertThat(result.gapEvidence()).isEqualTo(ChosenPoint.Evidence.NOTHING_WRITTEN);
    Refusal refused =
        group.refused(
            new VerifyRestore.Input("log0", null, quiet.plusSeconds(30), null, null, null));
    assertThat(refused.code()).isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(refused.found()).contains("before: gid 1 at").contains("after: gid 2 at");
  }

  @Test
  void aDamagedImageFailsItsVerification() throws Exception {
    group.servers.refuse(
        (_, command) -> command instanceof Command.Start,
        Refusal.of(RefusalCode.VERIFICATION_FAILED, "block 7 differs"));
    Outcome outcome = group.run(new VerifyRestore.Input("vol0", null));
    assertThat(outcome.exitCode()).isEqualTo(9);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule M4: the neighbours of an unreachable point are named. */
  @Test
  void anUnreachablePointIsRefusedWithItsNeighbours() throws Exception {
    Refusal byGid = group.refused(of(5L, null, null));
    assertThat(byGid.code()).isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(byGid.found()).startsWith("before: gid 1 at 2026-").endsWith("; after: none");
    Refusal byTime = group.refused(of(null, Instant.parse("2026-11-21T09:30:00Z"), null));
    assertThat(byTime.code()).isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(byTime.next()).contains("--max-gap");
    assertThat(group.refused(of(null, null, "before-upgrade")).code())
        .isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void aGapThatWasAllowedIsTaken() throws Exception {
    Restore.Input input =
        new Restore.Input(
            "vol0",
            null,
            Instant.parse("2026-11-21T09:30:00Z"),
            null,
            "2h",
            "n0:/x",
            null,
            null,
            null);
    Restore.Result result = group.completed(input, Restore.Result.class);
    assertThat(result.gid()).isEqualTo(1);
    assertThat(result.gapSeconds()).isBetween(5000.0, 5400.0);
    assertThat(result.gapEvidence()).isEqualTo(ChosenPoint.Evidence.WITHIN_MAX_GAP);
  }

  /** Rule M4: nothing was written between the point and the time that is asked for. */
  @Test
  void aTimeAtWhichTheVolumeIsKnownToBeTheSameIsTaken() throws Exception {
    group.servers.protectLogged("log0", 4);
    Point second = group.servers.points("log0").get(1);
    Instant quiet = second.time().plus(MemoryServers.QUIET);
    Restore.Result result =
        group.completed(
            new Restore.Input("log0", null, quiet, null, null, "n0:/x", null, null, null),
            Restore.Result.class);
    assertThat(result.gid()).isEqualTo(1);
    assertThat(result.time()).isEqualTo(second.time());
    assertThat(result.gapSeconds()).isEqualTo(30.0);
    assertThat(result.gapEvidence()).isEqualTo(ChosenPoint.Evidence.NOTHING_WRITTEN);
    Restore.Input later =
        new Restore.Input("log0", null, quiet.plusMillis(1), null, null, "n0:/y", null, null, null);
    assertThat(group.refused(later).found())
        .startsWith("before: gid 1 at")
        .contains("; after: gid 2");
  }

  /** The points of a volume do not fit into one answer of its archive. */
  @Test
  void theNeighboursAreFoundAmongManyPoints() throws Exception {
    group.servers.protectLogged("log0", 10);
    group.completed(new DeletePoint.Input("log0", 7L, Scenario.GRANT), DeletePoint.Result.class);
    assertThat(
            group
                .refused(new Restore.Input("log0", 7L, null, null, null, "n0:/x", null, null, null))
                .found())
        .contains("before: gid 6 at ", "; after: gid 8 at ");
  }

  /** One of several may have damage that another has not. */
  @Test
  void anArchiveThatIsNotOneOfTheVolumeIsRefused() throws Exception {
    Restore.Input from =
        new Restore.Input("vol0", null, null, null, null, "n0:/x", null, null, "a9", null);
    assertThat(group.refused(from).code()).isEqualTo(RefusalCode.UNKNOWN_SERVER);
    assertThat(group.refused(new VerifyRestore.Input("vol0", null, "a9")).code())
        .isEqualTo(RefusalCode.UNKNOWN_SERVER);
    VerifyRestore.Result result =
        group.completed(new VerifyRestore.Input("vol0", 0L, "a0"), VerifyRestore.Result.class);
    assertThat(result.gid()).isZero();
  }

  @Test
  void anUnknownVolumeIsRefused() throws Exception {
    Refusal refusal =
        group.refused(new Restore.Input("vol7", null, null, null, null, "n0:/x", null, null, null));
    assertThat(refusal.code()).isEqualTo(RefusalCode.UNKNOWN_VOLUME);
    assertThat(refusal.found()).isEqualTo("volumes vol0");
  }

  /** Rule K6. */
  @Test
  void aTargetOnAnUnknownNodeOrOnNoneOfSeveralIsRefused() throws Exception {
    assertThat(group.refused(to("/x")).code()).isEqualTo(RefusalCode.BAD_INPUT);
    assertThat(group.refused(to("n7:/x")).found()).isEqualTo("nodes n0, n1");
  }

  /** Rule K6: elsewhere that node's storage writes. */
  @Test
  void aTargetOnAnotherNodeIsWrittenByItsStorage() throws Exception {
    group.servers.holdStill();
    Started started = group.begin(to("n1:/x"));
    group.until(() -> group.status(started).operation() != null);
    assertThat(group.status(started).plan()).endsWith("from a0 to n1:/x");
    group.servers.goOn();
    assertThat(group.completed(started, Restore.Result.class).path()).isEqualTo("n1:/x");
  }

  @Test
  void aTargetThatIsNotEmptyIsRefusedAndNeedsAGrant() throws Exception {
    group.completed(to("n0:/x"), Restore.Result.class);
    assertThat(group.refused(to("n0:/x")).code()).isEqualTo(RefusalCode.NOT_EMPTY);
    assertThat(group.refused(overwriting(null)).code()).isEqualTo(RefusalCode.GRANT_REQUIRED);
    group.completed(overwriting(Scenario.GRANT), Restore.Result.class);
    assertThat(group.servers.isSteady()).isTrue();
  }

  private static Restore.Input overwriting(String grant) {
    return new Restore.Input("vol0", null, null, null, null, "n0:/x", true, null, grant);
  }

  @Test
  void aPointThatIsGoneBeforeItCouldBeHeldEndsTheRun() throws Exception {
    group.servers.refuse(
        (_, command) -> command instanceof Command.TakeHold,
        Refusal.of(RefusalCode.POINT_NOT_REACHABLE, "it is gone"));
    assertThat(group.refused(to("n0:/x")).code()).isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(group.servers.journal()).doesNotContain("a0 Start", "a0 ReleaseHold");
  }
}
