package io.backstay.activity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.UnreachableException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.RetryOptions;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.common.converter.JacksonJsonPayloadConverter;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestActivityEnvironment;
import io.temporal.testing.TestEnvironmentOptions;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One attempt at watching an operation (rules K3, K4). */
class OperationsTest {
  private static final Order BACKUP =
      new Order(
          "s0",
          "run1/full-backup",
          "vol0",
          1,
          new Work.FullBackup("a0", "h:3", 0),
          Optional.empty());
  private static final Order VERIFY =
      new Order("a0", "run1/verify", "vol0", 0, new Work.Verify(1, 0), Optional.of(1L));

  private final QuickTime time = new QuickTime();
  private final MemoryServers servers = new MemoryServers(time);
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final Queue<Progress> beats = new ConcurrentLinkedQueue<>();
  private final TestActivityEnvironment temporal =
      TestActivityEnvironment.newInstance(
          TestEnvironmentOptions.newBuilder()
              .setWorkflowClientOptions(
                  WorkflowClientOptions.newBuilder()
                      .setDataConverter(
                          DefaultDataConverter.newDefaultInstance()
                              .withPayloadConverterOverrides(
                                  new JacksonJsonPayloadConverter(Cbor.json())))
                      .build())
              .build());
  private OperationActivities operations;

  @BeforeEach
  void register() {
    servers.protect("vol0", 2);
    temporal.registerActivitiesImplementations(
        new Operations(new ServerCalls(servers), time, new Alarms(metrics, time)));
    temporal.setActivityHeartbeatListener(Progress.class, beats::add);
    operations =
        temporal.newActivityStub(
            OperationActivities.class,
            ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofMinutes(1))
                .setHeartbeatTimeout(Duration.ofSeconds(10))
                .setRetryOptions(RetryOptions.newBuilder().setMaximumAttempts(1).build())
                .build());
  }

  @AfterEach
  void close() {
    temporal.close();
  }

  private static ApplicationFailure failureOf(Throwable thrown) {
    assertThat(thrown).isInstanceOf(ActivityFailure.class);
    return (ApplicationFailure) thrown.getCause();
  }

  private ApplicationFailure failure(Order order) {
    try {
      operations.carryOut(order);
      throw new AssertionError("it did not fail");
    } catch (ActivityFailure e) {
      return failureOf(e);
    }
  }

  @Test
  void shortWorkIsAskedForOftenAndLongWorkEverySecond() {
    assertThat(Operations.pollAfter(Duration.ZERO)).isEqualTo(Duration.ofMillis(50));
    assertThat(Operations.pollAfter(Duration.ofSeconds(20))).isEqualTo(Duration.ofMillis(200));
    assertThat(Operations.pollAfter(Duration.ofHours(3))).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void anOperationIsStartedOnceAndWatchedUntilItIsDone() {
    assertThat(operations.carryOut(BACKUP)).isInstanceOf(WorkResult.BackedUp.class);
    assertThat(servers.journal()).containsExactly("s0 Start", "s0 Watch", "s0 Watch", "s0 Watch");
  }

  @Test
  void anotherAttemptAttachesAndAnEndedOperationAnswersFromTheLedger() {
    WorkResult first = operations.carryOut(BACKUP);
    assertThat(operations.carryOut(BACKUP)).isEqualTo(first);
    assertThat(servers.points("vol0")).hasSize(3);
  }

  @Test
  void everyLookIsAHeartbeatThatTellsHowFarItIs() {
    operations.carryOut(BACKUP);
    assertThat(beats)
        .isNotEmpty()
        .allSatisfy(beat -> {
          assertThat(beat.operation()).isEqualTo("run1/full-backup");
          assertThat(beat.state()).isEqualTo("RUNNING");
          assertThat(beat.bytesTotal()).isEqualTo(4 << 20);
        });
  }

  @Test
  void anUnreachableServerEndsTheAttemptAtOnceForTemporalToRetry() {
    servers.stop("s0");
    ApplicationFailure failure = failure(BACKUP);
    assertThat(failure.isNonRetryable()).isFalse();
    assertThat(failure.getType()).isEqualTo("unreachable");
    assertThat(failure.getOriginalMessage())
        .isEqualTo(
            "s0 at h:9: connection refused; attempted: Start at s0; next: it is tried again until"
                + " the server is back");
  }

  /** Rule K3: the ledger entry of a server that lost it is begun again. */
  @Test
  void anOperationThatItsServerForgotIsStartedAgain() {
    servers.interrupt(
        (call, _, _) -> {
          if (call == 3) servers.forgetOperations("s0");
        },
        (_, _, _) -> {});
    assertThat(operations.carryOut(BACKUP)).isInstanceOf(WorkResult.BackedUp.class);
    assertThat(servers.journal()).filteredOn("s0 Start"::equals).hasSize(2);
  }

  @Test
  void aRefusalCarriesItsCodeAndItself() {
    Refusal refusal =
        Refusal.of(RefusalCode.SOURCE_CHANGED, "it changed").found("writes").next("freeze it");
    servers.refuse((_, command) -> command instanceof Command.Start, refusal);
    ApplicationFailure failure = failure(BACKUP);
    assertThat(failure.isNonRetryable()).isTrue();
    assertThat(failure.getType()).isEqualTo("source-changed");
    assertThat(RefusalFailure.refusal(failure)).contains(refusal);
  }

  /** Rule K2. */
  @Test
  void whateverSaysFencedIsCalledSuperseded() {
    servers.refuse(
        (_, command) -> command instanceof Command.Start,
        Refusal.of(RefusalCode.FENCED, "epoch 1 is below 2"));
    ApplicationFailure failure = failure(BACKUP);
    assertThat(failure.getType()).isEqualTo("superseded");
    assertThat(RefusalFailure.refusal(failure).orElseThrow().found())
        .startsWith("fenced: epoch 1 is below 2");
  }

  @Test
  void anOperationThatSomebodyElseCancelledEndsTheRun() throws Exception {
    servers.interrupt(
        (call, server, _) -> {
          if (call == 2) {
            servers.call(server, new Command.Cancel(BACKUP.operation(), "vol0"));
          }
        },
        (_, _, _) -> {});
    assertThat(failure(BACKUP).getType()).isEqualTo("cancelled");
  }

  @Test
  void aHoldIsRenewedWhileItsOperationRuns() {
    servers.interrupt(
        (_, _, command) -> {
          if (command instanceof Command.Watch) time.jump(Duration.ofMinutes(11));
        },
        (_, _, _) -> {});
    assertThat(operations.carryOut(VERIFY)).isInstanceOf(WorkResult.Verified.class);
    assertThat(servers.journal()).filteredOn("a0 TakeHold"::equals).hasSizeGreaterThan(2);
  }

  @Test
  void cancellingStopsAnOperationAndMayComeTwiceOrTooEarly() {
    operations.cancel(BACKUP);
    servers.holdStill();
    servers.interrupt(
        (call, _, _) -> {
          if (call == 4) throw new UnreachableException("s0: connection reset", null);
        },
        (_, _, _) -> {});
    assertThat(failure(BACKUP).getType()).isEqualTo("unreachable");
    operations.cancel(BACKUP);
    operations.cancel(BACKUP);
    assertThat(servers.operations("s0")).containsEntry(BACKUP.operation(), State.CANCELLED);
  }

  @Test
  void aCancelThatIsRefusedIsAFailure() {
    servers.refuse((_, _) -> true, Refusal.of(RefusalCode.NOT_AUTHORISED, "not you"));
    assertThatThrownBy(() -> operations.cancel(BACKUP))
        .asInstanceOf(type(ActivityFailure.class))
        .satisfies(e -> assertThat(failureOf(e).getType()).isEqualTo("not-authorised"));
  }

  /** Rule K4: since when nothing moves survives the attempts, here by the heartbeat's details. */
  @Test
  void anAlarmIsRaisedOnceHoweverManyAttemptsThereAre() {
    Progress stalled =
        Progress.none(BACKUP, time.now().minus(Duration.ofMinutes(16))).withAlarm(false);
    temporal.setHeartbeatDetails(stalled);
    servers.stop("s0");
    failure(BACKUP);
    assertThat(metrics.get("backstay.operation.stalls").counter().count()).isEqualTo(1);
    assertThat(beats).last().satisfies(beat -> assertThat(beat.alarmed()).isTrue());
    temporal.setHeartbeatDetails(stalled.withAlarm(true));
    failure(BACKUP);
    assertThat(metrics.get("backstay.operation.stalls").counter().count()).isEqualTo(1);
  }
}
