package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.OperationKind;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.model.Work;
import io.backstay.wire.Command;
import io.backstay.workflow.FullBackup;
import io.backstay.workflow.RunStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The run FullBackup (rules K2 to K4, F5). */
class FullBackupTest {
  private static final FullBackup.Input INPUT = new FullBackup.Input("vol0", null, null);

  private final TestGroup group = TestGroup.start();

  @AfterEach
  void close() {
    group.close();
  }

  @Test
  void aBackupMakesAPointAndLeavesNothingBehind() throws Exception {
    FullBackup.Result result =
        group.completed(new FullBackup.Input("vol0", "100MiB/s", "a0"), FullBackup.Result.class);
    assertThat(result.gid()).isEqualTo(2);
    assertThat(result.bytesRead()).isEqualTo(4 << 20);
    assertThat(result.proof()).isEqualTo(Point.Proof.UNCHANGED);
    assertThat(group.servers.points("vol0")).hasSize(3);
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void theStatusNamesStepPlanServerAndOperation() throws Exception {
    group.servers.holdStill();
    Started started = group.begin(INPUT);
    group.until(() -> group.status(started).operation() != null);
    assertThat(group.status(started))
        .isEqualTo(
            new RunStatus(
                OperationKind.FULL_BACKUP,
                "vol0",
                "sending vol0 from s0 to a0",
                "send 4.0 MiB of vol0 from s0 to a0",
                "s0",
                started.run().runId() + "/full-backup",
                null));
    group.servers.goOn();
    group.completed(started, FullBackup.Result.class);
  }

  /** Rule F3: the failure names the volumes that there are, and nothing was reserved for it. */
  @Test
  void anUnknownVolumeIsRefusedWithTheNamesThereAre() throws Exception {
    Refusal refusal = group.refused(new FullBackup.Input("vol7", null, null));
    assertThat(refusal.code()).isEqualTo(RefusalCode.UNKNOWN_VOLUME);
    assertThat(refusal.found()).isEqualTo("volumes vol0");
    assertThat(group.servers.journal()).doesNotContain("c0 Reserve");
  }

  @Test
  void anArchiveThatIsNotTheVolumesIsRefused() throws Exception {
    Refusal refusal = group.refused(new FullBackup.Input("vol0", null, "a7"));
    assertThat(refusal.code()).isEqualTo(RefusalCode.UNKNOWN_SERVER);
    assertThat(refusal.found()).isEqualTo("a0");
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule K4: what a server refuses ends the run under that word, and the volume is released. */
  @ParameterizedTest
  @EnumSource(
      value = RefusalCode.class,
      names = {"SOURCE_CHANGED", "SOURCE_SHORTER", "WRONG_STATE", "DIFFERENT_INPUT", "WRONG_GROUP"})
  void aRefusalOfTheStorageEndsTheRun(RefusalCode code) throws Exception {
    Refusal given = new Refusal(code, "no", "back up", "a change", "look");
    group.servers.refuse((server, command) -> command instanceof Command.Start, given);
    assertThat(group.refused(INPUT)).isEqualTo(given);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule K4: a refusal of class retry is tried again, and the reason is seen meanwhile. */
  @Test
  void aRefusalOfClassRetryIsTriedAgain() throws Exception {
    group.servers.refuse(
        (server, command) -> command instanceof Command.Start,
        Refusal.of(RefusalCode.NO_SPACE, "a0 is full").next("make room"));
    Started started = group.begin(INPUT);
    group.until(() -> !describe().waiting().isEmpty());
    RunDescription.Waiting waiting = describe().waiting().getFirst();
    assertThat(waiting.activity()).isEqualTo("CarryOut");
    assertThat(waiting.cause()).isEqualTo("a0 is full; next: make room");
    group.servers.undisturbed();
    assertThat(group.completed(started, FullBackup.Result.class).gid()).isEqualTo(2);
  }

  @Test
  void aStorageThatIsAwayIsWaitedFor() throws Exception {
    group.servers.stop("s0");
    Started started = group.begin(INPUT);
    group.until(() -> !describe().waiting().isEmpty());
    assertThat(describe().waiting().getFirst().toString())
        .startsWith("CarryOut since 2026-11-21T08:00:0") // by the watcher's clock
        .contains("s0 at h:9: connection refused");
    group.servers.restart("s0");
    assertThat(group.completed(started, FullBackup.Result.class).gid()).isEqualTo(2);
  }

  private RunDescription describe() {
    try {
      return group.runs.describe("full-backup/vol0");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Rule K3. */
  @Test
  void aParkedOperationIsStartedAgain() throws Exception {
    group.servers.holdStill();
    Started started = group.begin(INPUT);
    group.until(() -> group.servers.operations("s0").size() == 1);
    group.servers.park();
    group.until(() -> group.servers.operations("s0").containsValue(State.RUNNING));
    group.servers.goOn();
    assertThat(group.completed(started, FullBackup.Result.class).gid()).isEqualTo(2);
  }

  /** Rule K2: a run whose volume another took over ends as superseded and undoes nothing. */
  @Test
  void aSupersededRunUndoesNothing() throws Exception {
    group.servers.holdStill();
    Started started = group.begin(INPUT);
    group.until(() -> group.servers.operations("s0").size() == 1);
    long epoch = group.servers.reservations().getFirst().epoch();
    group.servers.call(
        "c0",
        new Command.Reserve(
            "vol0", OperationKind.FULL_BACKUP, "other", "run9", "hash", Optional.of(epoch)));
    group.servers.call(
        "s0",
        new Command.Start(
            "run9/full-backup", "vol0", epoch + 1, new Work.FullBackup("a0", "h:3", 0)));
    Outcome.Failed failed = (Outcome.Failed) group.end(started);
    assertThat(failed.refusal().code()).isEqualTo(RefusalCode.SUPERSEDED);
    assertThat(failed.exitCode()).isEqualTo(7);
    assertThat(group.servers.journal()).doesNotContain("s0 Cancel", "c0 Release");
    assertThat(group.servers.reservations().getFirst().workflowId()).isEqualTo("other");
    assertThat(group.servers.operations("s0")).containsEntry("run9/full-backup", State.RUNNING);
  }

  /** Rule K2: a conflict ends the run and tells who holds the volume, under whatever id. */
  @Test
  void aVolumeThatIsHeldIsLeftToItsHolder() throws Exception {
    group.servers.holdStill();
    Started first = group.startRaw("FullBackup", "someone-elses-id", "{\"volume\":\"vol0\"}");
    group.until(() -> group.servers.operations("s0").size() == 1);
    Started second = group.startRaw("FullBackup", "another", "{\"volume\":\"vol0\"}");
    Outcome.Failed failed = (Outcome.Failed) group.end(second);
    assertThat(failed.refusal().code()).isEqualTo(RefusalCode.ALREADY_RUNNING);
    assertThat(failed.holder().map(Reservation::workflowId)).contains("someone-elses-id");
    group.servers.goOn();
    assertThat(group.completed(first, FullBackup.Result.class).gid()).isEqualTo(2);
  }

  /** Rule K2: open means that its latest run is open and stems from the holder's original run. */
  @Test
  void aHolderWhoseRunIsOverIsSuperseded() throws Exception {
    group.servers.reserved(
        new Reservation(
            "vol0",
            OperationKind.FULL_BACKUP,
            "full-backup/vol0",
            "run-of-old",
            "hash",
            7,
            Instant.EPOCH));
    assertThat(group.completed(INPUT, FullBackup.Result.class).gid()).isEqualTo(2);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule K4: no deadline, but an alarm after 15 minutes without progress. */
  @Test
  void whatDoesNotMoveForAQuarterOfAnHourRaisesAnAlarmThatEndsWhenItMoves() throws Exception {
    group.servers.holdStill();
    Started started = group.begin(INPUT);
    group.until(() -> group.servers.operations("s0").size() == 1);
    group.time.jump(Duration.ofMinutes(16));
    group.until(() -> group.status(started).alarm() != null);
    assertThat(group.status(started).alarm())
        .startsWith("full-backup of vol0 at s0 has not moved since 2026-11-21T08:00:");
    assertThat(
            group
                .metrics
                .get("backstay.operation.stalls")
                .tags("volume", "vol0", "operation", "full-backup", "server", "s0")
                .counter()
                .count())
        .isEqualTo(1);
    group.servers.goOn();
    assertThat(group.completed(started, FullBackup.Result.class).gid()).isEqualTo(2);
    assertThat(group.history("full-backup/vol0").split("EXECUTION_SIGNALED\"", -1))
        .as("raised once and taken back once")
        .hasSize(3);
  }

  @Test
  void aCatalogThatIsAwayIsWaitedForSinceItWasFirstAsked() throws Exception {
    group.servers.stop("c0");
    Started started = group.begin(INPUT);
    group.until(() -> !describe().waiting().isEmpty());
    RunDescription.Waiting waiting = describe().waiting().getFirst();
    assertThat(waiting.activity()).isEqualTo("Reserve");
    assertThat(waiting.since()).isBetween(describe().row().started(), Instant.now());
    group.servers.restart("c0");
    assertThat(group.completed(started, FullBackup.Result.class).gid()).isEqualTo(2);
  }

  @Test
  void theArchiveBeingAwayIsTheStoragesToWaitFor() throws Exception {
    group.servers.stop("a0");
    Started started = group.begin(INPUT);
    group.until(() -> group.servers.operations("s0").size() == 1);
    assertThat(describe().waiting()).isEmpty();
    group.servers.restart("a0");
    assertThat(group.completed(started, FullBackup.Result.class).gid()).isEqualTo(2);
  }

  @Test
  void theRunIsFoundByVolumeAndServer() throws Exception {
    group.completed(INPUT, FullBackup.Result.class);
    assertThat(group.history("full-backup/vol0"))
        .contains(
            "EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES", "BackstayVolume", "BackstayServer");
    assertThat(describe().row().volume()).contains("vol0");
  }
}
