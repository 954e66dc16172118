package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.UnreachableException;
import io.backstay.workflow.FullBackup;
import io.backstay.workflow.Restore;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the command line stands on. */
class RunsTest {
  private static final FullBackup.Input INPUT = new FullBackup.Input("vol0", null, null);

  private final TestGroup group = TestGroup.start();
  private final Runs runs = group.runs;

  @AfterEach
  void close() {
    group.close();
  }

  /** Rule K2: two starts at once are one run if they want the same. */
  @Test
  void aSecondStartWithAnEqualInputAttaches() throws Exception {
    group.servers.holdStill();
    Started first = runs.start(INPUT);
    Started second = runs.start(INPUT);
    assertThat(first.how()).isEqualTo(Started.How.STARTED);
    assertThat(second.how()).isEqualTo(Started.How.ATTACHED);
    assertThat(second.run()).isEqualTo(first.run());
    group.servers.goOn();
    assertThat(group.end(first)).isEqualTo(group.end(second));
  }

  @Test
  void theGrantDoesNotMakeInputsDiffer() throws Exception {
    group.servers.holdStill();
    Started first = runs.start(restore("n0:/x", null));
    Started second = runs.start(restore("n0:/x", Scenario.GRANT));
    assertThat(second.run()).isEqualTo(first.run());
  }

  private static Restore.Input restore(String to, String grant) {
    return new Restore.Input("vol0", null, null, null, null, to, null, null, grant);
  }

  @Test
  void aSecondStartWithAnotherInputIsRefused() throws Exception {
    group.servers.holdStill();
    runs.start(INPUT);
    assertThatThrownBy(() -> runs.start(new FullBackup.Input("vol0", "1MiB/s", null)))
        .asInstanceOf(type(RefusedException.class))
        .extracting(RefusedException::refusal)
        .satisfies(refusal -> {
          assertThat(refusal.code()).isEqualTo(RefusalCode.ALREADY_RUNNING);
          assertThat(refusal.code().exitCode()).isEqualTo(7);
          assertThat(refusal.found()).contains("{\"volume\":\"vol0\"}");
          assertThat(refusal.next()).contains("backstay run cancel full-backup/vol0");
        });
  }

  /** Rule K2: the holder may have any workflow id; an equal input is awaited there. */
  @Test
  void awaitFollowsTheHolderThatDoesTheSame() throws Exception {
    group.servers.holdStill();
    Started theirs = group.startRaw("FullBackup", "by-the-temporal-cli", "{\"volume\":\"vol0\"}");
    group.until(() -> group.servers.operations("s0").size() == 1);
    Started ours = runs.start(INPUT);
    assertThat(runs.await(ours, Duration.ofSeconds(2))).isEmpty();
    group.servers.goOn();
    Outcome outcome = group.end(ours);
    assertThat(outcome).isInstanceOf(Outcome.Completed.class);
    assertThat(outcome.run()).isEqualTo(theirs.run());
  }

  @Test
  void awaitDoesNotFollowAHolderThatDoesSomethingElse() throws Exception {
    group.servers.holdStill();
    group.startRaw("FullBackup", "other", "{\"volume\":\"vol0\",\"rateLimit\":\"1MiB/s\"}");
    group.until(() -> group.servers.operations("s0").size() == 1);
    Outcome outcome = group.run(INPUT);
    assertThat(outcome.exitCode()).isEqualTo(7);
    assertThat(((Outcome.Failed) outcome).holder()).isPresent();
  }

  @Test
  void anOutcomeThatIsNotThereYetIsEmpty() throws Exception {
    group.servers.holdStill();
    assertThat(runs.await(runs.start(INPUT), Duration.ofMillis(1))).isEmpty();
  }

  @Test
  void aCancelEndsTheRunAndMayComeTwice() throws Exception {
    group.servers.holdStill();
    Started started = runs.start(INPUT);
    group.until(() -> group.servers.operations("s0").size() == 1);
    group.cancel("full-backup/vol0");
    Outcome outcome = group.await(started);
    assertThat(outcome).isInstanceOf(Outcome.Cancelled.class);
    assertThat(outcome.exitCode()).isEqualTo(5);
    assertThat(group.servers.isSteady()).isTrue();
    runs.cancel(started.run(), "again");
  }

  @Test
  void aRunThatIsNotThereIsNotFound() {
    assertThatThrownBy(() -> runs.describe("full-backup/vol7"))
        .asInstanceOf(type(RefusedException.class))
        .satisfies(e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.NOT_FOUND));
    assertThatThrownBy(() -> runs.find("full-backup/vol7")).isInstanceOf(RefusedException.class);
    assertThatThrownBy(() -> runs.cancel(new RunKey("full-backup/vol7", ""), "x"))
        .isInstanceOf(RefusedException.class);
  }

  @Test
  void aDescriptionTellsInputStatusAndOutcomeButNoGrant() throws Exception {
    group.servers.holdStill();
    Started started = runs.start(restore("n0:/x", Scenario.GRANT));
    group.until(() -> group.status(started).operation() != null);
    RunDescription open = runs.describe("restore/vol0/n0:/x");
    assertThat(open.row().state()).isEqualTo(RunRow.State.RUNNING);
    assertThat(open.originalRunId()).isEqualTo(started.run().runId());
    assertThat(open.input().toString()).contains("n0:/x").doesNotContain("grant");
    assertThat(open.status()).isPresent();
    assertThat(open.outcome()).isEmpty();
    group.servers.goOn();
    group.end(started);
    RunDescription over = runs.describe("restore/vol0/n0:/x");
    assertThat(over.row().state()).isEqualTo(RunRow.State.COMPLETED);
    assertThat(over.outcome()).containsInstanceOf(Outcome.Completed.class);
  }

  @Test
  void runsAreListedByVolumeAndState() throws Exception {
    group.servers.protect("vol1", 0);
    group.end(runs.start(INPUT));
    group.servers.holdStill();
    runs.start(new FullBackup.Input("vol1", null, null));
    assertThat(runs.list(Optional.empty(), Runs.Which.ALL, 10))
        .extracting(row -> row.run().workflowId() + " " + row.state())
        .containsExactlyInAnyOrder("full-backup/vol1 RUNNING", "full-backup/vol0 COMPLETED");
    assertThat(runs.list(Optional.of("vol1"), Runs.Which.OPEN, 10)).hasSize(1);
    assertThat(runs.list(Optional.of("vol0"), Runs.Which.OPEN, 10)).isEmpty();
    assertThat(runs.list(Optional.empty(), Runs.Which.ALL, 1)).hasSize(1);
  }

  @Test
  void temporalBeingAwayIsSaidAtOnce() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    try (Runs away = Runs.connect("127.0.0.1:" + port, "g", Time.system())) {
      assertThatThrownBy(() -> away.describe("full-backup/vol0"))
          .isInstanceOf(UnreachableException.class)
          .hasMessageContaining("Temporal at 127.0.0.1:" + port + ", namespace g");
      assertThatThrownBy(() -> away.start(INPUT)).isInstanceOf(UnreachableException.class);
      assertThatThrownBy(() -> away.list(Optional.empty(), Runs.Which.ALL, 9))
          .isInstanceOf(UnreachableException.class);
    }
  }
}
