package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.backstay.model.OperationReport.State;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.UnreachableException;
import io.backstay.workflow.FullBackup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What only a real Temporal server can prove: its command line, reset, namespaces, absence. */
class RealTemporalTest {
  private static final FullBackup.Input INPUT = new FullBackup.Input("vol0", null, null);
  private static final String RUN = "full-backup/vol0";

  @TempDir private static Path directory;
  private static TemporalServer temporal;
  private static RealGroup shared;

  @BeforeAll
  static void start() throws Exception {
    Optional<Path> binary = TemporalServer.binary();
    if (binary.isEmpty()) {
      System.err.println(
          "SKIPPED: RealTemporalTest needs a Temporal server: run deployment/temporal/install.sh,"
              + " or set BACKSTAY_TEMPORAL");
    }
    assumeTrue(binary.isPresent(), "no Temporal server");
    temporal = TemporalServer.start(binary.get(), directory);
    shared = RealGroup.start(temporal, "shared");
  }

  @AfterAll
  static void stop() throws Exception {
    if (shared != null) shared.close();
    if (temporal != null) temporal.close();
  }

  private static TemporalServer.Said temporal(String namespace, String... arguments)
      throws Exception {
    TemporalServer.Said said = temporal.command(namespace, arguments);
    assertThat(said.code()).as(said.text()).isZero();
    return said;
  }

  /** Starts by the temporal command line and waits for the end. */
  private static Outcome started(String type, String id, String... input) throws Exception {
    List<String> command =
        new java.util.ArrayList<>(
            List.of(
                "workflow",
                "start",
                "--type",
                type,
                "--task-queue",
                "backstay",
                "--workflow-id",
                id));
    command.addAll(List.of(input));
    temporal("shared", command.toArray(String[]::new));
    return shared.await(shared.runs.find(id));
  }

  @Test
  void theTemporalCommandLineStartsABackupAndReadsWhatItDid() throws Exception {
    Outcome outcome = started("FullBackup", "by-hand", "--input", "{\"volume\":\"vol0\"}");
    assertThat(((Outcome.Completed) outcome).as(FullBackup.Result.class).volume())
        .isEqualTo("vol0");
    assertThat(temporal("shared", "workflow", "describe", "-w", "by-hand").text())
        .contains("BackstayVolume", "\"bytesRead\":4194304", "COMPLETED");
    assertThat(temporal("shared", "workflow", "metadata", "-w", "by-hand").text())
        .contains("**Plan:** send 4.0 MiB of vol0 from s0 to a0", "sending vol0 from s0 to a0");
    assertThat(temporal("shared", "workflow", "list", "-q", "BackstayVolume='vol0'").text())
        .contains("by-hand");
    assertThat(temporal("shared", "workflow", "query", "-w", "by-hand", "--name", "status").text())
        .contains("\"step\":\"done\"");
  }

  /** Rule F3: each of these hangs for ever where nothing is done about it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "FullBackup | {\"volume\":\"vol0\",\"mode\":\"FULL\"} | bad-input | no field 'mode'",
        "FullBackup | {\"volume\":7} | bad-input | field 'volume'",
        "FullBackup | {} | bad-input | 'null' is not a volume name",
        "FullBackup | {\"volume\":\"vol7\"} | unknown-volume | there is no volume 'vol7'",
        "FullBakcup | {\"volume\":\"vol0\"} | unknown-workflow | no workflow 'FullBakcup'",
        "ClearVolume | {\"volume\":\"vol0\"} | grant-required | destroys data"
      })
  void whatIsTypedWrongEndsInAClearFailure(String type, String json, String code, String message)
      throws Exception {
    Outcome.Failed failed = (Outcome.Failed) started(type, "wrong/" + type + json, "--input", json);
    assertThat(failed.refusal().code().word()).isEqualTo(code);
    assertThat(failed.refusal().message()).contains(message);
    assertThat(temporal("shared", "workflow", "show", "-w", "wrong/" + type + json).text())
        .contains(message);
  }

  @Test
  void aStartWithoutInputEndsInAClearFailure() throws Exception {
    Outcome.Failed failed = (Outcome.Failed) started("FullBackup", "no-input");
    assertThat(failed.refusal().message())
        .isEqualTo("FullBackup takes one JSON object, none was given");
  }

  /** A run of its own group whose operation stands still in the middle. */
  private RealGroup inTheMiddle(String namespace) throws Exception {
    RealGroup group = RealGroup.start(temporal, namespace);
    group.servers.holdStill();
    group.runs.start(INPUT);
    group.until(() -> group.servers.operations("s0").size() == 1);
    return group;
  }

  /** Rule K2: what a terminated run left is superseded by the next one. */
  @Test
  void aTerminatedRunIsSupersededByTheNext() throws Exception {
    try (RealGroup group = inTheMiddle("terminate")) {
      RunKey terminated = group.runs.find(RUN);
      temporal("terminate", "workflow", "terminate", "-w", RUN, "--reason", "a test");
      assertThat(group.await(terminated)).isInstanceOf(Outcome.Terminated.class);
      Started next = group.runs.start(INPUT);
      group.until(() -> group.servers.operations("s0").size() == 2);
      assertThat(group.servers.operations("s0").values())
          .containsExactly(State.REFUSED, State.RUNNING);
      group.servers.goOn();
      assertThat(group.await(next.run())).isInstanceOf(Outcome.Completed.class);
      assertThat(group.servers.points("vol0")).hasSize(3);
      assertThat(group.servers.isSteady()).isTrue();
    }
  }

  /** Rule K3: a reset keeps the original run id, so it attaches to the operation. */
  @Test
  void aResetRunAttachesToItsOwnOperation() throws Exception {
    try (RealGroup group = inTheMiddle("reset")) {
      RunKey first = group.runs.find(RUN);
      temporal(
          "reset",
          "workflow",
          "reset",
          "-w",
          RUN,
          "--type",
          "FirstWorkflowTask",
          "--reason",
          "a test");
      RunKey second = group.runs.find(RUN);
      assertThat(second).isNotEqualTo(first);
      assertThat(group.runs.describe(RUN).originalRunId()).isEqualTo(first.runId());
      group.until(() -> group.servers.journal().stream().filter("s0 Start"::equals).count() == 2);
      group.servers.goOn();
      Outcome outcome = group.await(first);
      assertThat(outcome).isInstanceOf(Outcome.Completed.class);
      assertThat(outcome.run()).isEqualTo(second);
      assertThat(group.servers.operations("s0")).hasSize(1);
      assertThat(group.servers.points("vol0")).hasSize(3);
      assertThat(group.servers.isSteady()).isTrue();
    }
  }

  @Test
  void aCancelByTheTemporalCommandLineLeavesASteadyGroup() throws Exception {
    try (RealGroup group = inTheMiddle("cancel")) {
      RunKey run = group.runs.find(RUN);
      temporal("cancel", "workflow", "cancel", "-w", RUN);
      assertThat(group.await(run)).isInstanceOf(Outcome.Cancelled.class);
      assertThat(group.servers.operations("s0").values()).containsExactly(State.CANCELLED);
      assertThat(group.servers.isSteady()).isTrue();
    }
  }

  /** Rule K2. */
  @Test
  void twoStartsAtOnceAreOneRunIfTheyWantTheSame() throws Exception {
    try (RealGroup group = RealGroup.start(temporal, "twice")) {
      group.servers.holdStill();
      List<Started> both;
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Callable<Started> start = () -> group.runs.start(INPUT);
        both = threads.invokeAll(List.of(start, start)).stream().map(Future::resultNow).toList();
      }
      assertThat(both.get(0).run()).isEqualTo(both.get(1).run());
      assertThat(both).extracting(Started::how).containsOnlyOnce(Started.How.STARTED);
      assertThatThrownBy(() -> group.runs.start(new FullBackup.Input("vol0", "1MiB/s", null)))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("with another input");
      group.servers.goOn();
      assertThat(group.await(both.get(0).run())).isInstanceOf(Outcome.Completed.class);
      assertThat(group.servers.points("vol0")).hasSize(3);
    }
  }

  /** Rule K3: losing the watcher stops nothing, though the SDK calls it a cancellation. */
  @Test
  void theAbsenceOfTemporalStopsNoOperation(@TempDir Path own) throws Exception {
    try (TemporalServer mine = TemporalServer.start(TemporalServer.binary().orElseThrow(), own);
        RealGroup group = RealGroup.start(mine, "away")) {
      group.servers.holdStill();
      Started started = group.runs.start(INPUT);
      group.until(() -> group.servers.operations("s0").size() == 1);
      mine.kill();
      long looks = looks(group);
      assertThatThrownBy(() -> group.runs.describe(RUN)).isInstanceOf(UnreachableException.class);
      group.until(() -> group.servers.calls() > looks);
      Thread.sleep(Duration.ofSeconds(18)); // longer than the SDK goes without a heartbeat
      assertThat(group.servers.operations("s0").values()).containsExactly(State.RUNNING);
      mine.start();
      group.servers.goOn();
      assertThat(group.await(started.run())).isInstanceOf(Outcome.Completed.class);
      assertThat(group.servers.journal()).doesNotContain("s0 Cancel");
      assertThat(group.servers.points("vol0")).hasSize(3);
      assertThat(group.servers.isSteady()).isTrue();
    }
  }

  private static long looks(RealGroup group) {
    return group.servers.calls();
  }

  @Test
  void aWorkerWaitsForATemporalThatIsNotThereYet(@TempDir Path own) throws Exception {
    try (TemporalServer mine = TemporalServer.start(TemporalServer.binary().orElseThrow(), own)) {
      mine.kill();
      try (RealGroup group = new RealGroup(mine, "early")) {
        group.startWorker();
        group.until(() -> group.worker().trouble().orElse("").contains("UNAVAILABLE"));
        mine.start();
        group.until(() -> group.worker().trouble().isEmpty());
        assertThat(group.await(group.runs.start(INPUT).run()))
            .isInstanceOf(Outcome.Completed.class);
      }
    }
  }

  /** As on a machine with forty threads for two processors; the SDK by itself waits for 5 s. */
  @Test
  void aTemporalThatTakesLongToAnswerIsWaitedFor() throws Exception {
    try (Runs late = Runs.connect(temporal.address(), "shared", Time.system());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      temporal.signal("STOP");
      Future<Started> started;
      try {
        started = threads.submit(() -> late.start(INPUT));
        Thread.sleep(Duration.ofSeconds(7));
        assertThat(started.isDone()).isFalse();
      } finally {
        temporal.signal("CONT");
      }
      assertThat(shared.await(started.get().run())).isInstanceOf(Outcome.Completed.class);
    }
  }

  /** Rule F4. */
  @Test
  void theNamespaceKeepsHistoriesForThirtyDays() throws Exception {
    assertThat(temporal("shared", "operator", "namespace", "describe", "-n", "shared").text())
        .contains("720h0m0s");
    temporal("short", "operator", "namespace", "create", "-n", "short", "--retention", "24h");
    try (RealGroup group = RealGroup.start(temporal, "short")) {
      assertThat(group.worker().searchable()).isTrue();
      assertThat(temporal("short", "operator", "namespace", "describe", "-n", "short").text())
          .contains("720h0m0s");
    }
  }

  /** Rule F3: an unregistered search attribute would make the run hang. */
  @Test
  void withoutSearchAttributesRunsGoOn() throws Exception {
    temporal("full", "operator", "namespace", "create", "-n", "full");
    for (int i = 0; i < 10; i++) { // as many keywords as there is room for
      temporal(
          "full", "operator", "search-attribute", "create", "--name", "K" + i, "--type", "Keyword");
    }
    try (RealGroup group = RealGroup.start(temporal, "full")) {
      assertThat(group.worker().searchable()).isFalse();
      assertThat(group.await(group.runs.start(INPUT).run())).isInstanceOf(Outcome.Completed.class);
      assertThat(group.runs.list(Optional.of("vol0"), Runs.Which.ALL, 5)).hasSize(1);
    }
  }

  /** Rule F3. */
  @Test
  void aRunThatNobodyPollsIsFlagged() throws Exception {
    try (RealGroup group = RealGroup.start(temporal, "nobody")) {
      temporal(
          "nobody",
          "workflow",
          "start",
          "--type",
          "FullBackup",
          "--task-queue",
          "elsewhere",
          "--workflow-id",
          "lost",
          "--input",
          "{\"volume\":\"vol0\"}");
      group.until(() -> rows(group).size() == 1);
      assertThat(rows(group).getFirst().flags()).containsExactly(RunRow.Flag.NOBODY_POLLS);
      assertThat(group.runs.describe("lost").row().flags())
          .containsExactly(RunRow.Flag.NOBODY_POLLS);
    }
  }

  private static List<RunRow> rows(RealGroup group) {
    try {
      return group.runs.list(Optional.empty(), Runs.Which.OPEN, 10);
    } catch (UnreachableException e) {
      throw new AssertionError(e);
    }
  }

  /** Rule K4. */
  @Test
  void whatARunWaitsForIsSeenInTheTemporalCommandLine() throws Exception {
    try (RealGroup group = RealGroup.start(temporal, "waiting")) {
      group.servers.refuse(
          (server, _) -> server.equals("s0"), Refusal.of(RefusalCode.NO_SPACE, "a0 is full"));
      group.runs.start(INPUT);
      group.until(() -> !waiting(group).isEmpty());
      assertThat(waiting(group).getFirst().cause()).isEqualTo("a0 is full");
      assertThat(temporal("waiting", "workflow", "describe", "-w", RUN).text())
          .contains("CarryOut", "a0 is full");
    }
  }

  private static List<RunDescription.Waiting> waiting(RealGroup group) {
    try {
      return group.runs.describe(RUN).waiting();
    } catch (UnreachableException | RefusedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theMetricsOfTheWorkerAreInItsRegistry() throws Exception {
    shared.await(shared.runs.start(INPUT).run());
    shared.until(() -> !shared.metrics.find("temporal_workflow_completed").counters().isEmpty());
  }
}
