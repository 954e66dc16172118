package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.activity.MemoryServers;
import io.backstay.activity.QuickTime;
import io.backstay.activity.TemporalHolders;
import io.backstay.model.OperationKind;
import io.backstay.model.Reservation;
import io.backstay.seam.Time;
import io.backstay.workflow.FullBackup;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.testserver.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worker at the Java test server, which a demo may fall back to (rule F3). */
class BackstayWorkerTest {
  private static final FullBackup.Input INPUT = new FullBackup.Input("vol0", null, null);

  private final QuickTime time = new QuickTime();
  private final MemoryServers servers = new MemoryServers(time);
  private final int port = freePort();
  private final String address = "127.0.0.1:" + port;
  private final TestServer.PortBoundTestServer temporal = TestServer.createPortBoundServer(port);
  private final Runs runs = Runs.connect(address, "demo", Time.system());

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void protect() {
    servers.protect("vol0", 1);
  }

  @AfterEach
  void close() {
    runs.close();
    temporal.close();
  }

  private BackstayWorker start() {
    return BackstayWorker.start(
        new WorkerSettings(
            address, "demo", Runs.TASK_QUEUE, WorkerSettings.TemporalKind.TEST_SERVER),
        servers,
        new SimpleMeterRegistry(),
        time);
  }

  @Test
  void runsGoOnWithoutSearchAttributesAndAreListed() throws Exception {
    try (BackstayWorker worker = start()) {
      Started started = runs.start(INPUT);
      assertThat(runs.await(started, Duration.ofSeconds(60)))
          .containsInstanceOf(Outcome.Completed.class);
      assertThat(worker.searchable()).isFalse();
      assertThat(worker.trouble()).isEmpty();
    }
    assertThat(runs.list(Optional.of("vol0"), Runs.Which.ALL, 5))
        .extracting(RunRow::state)
        .containsExactly(RunRow.State.COMPLETED);
  }

  /** Rule K3: closing a worker stops no operation; the next one attaches to it. */
  @Test
  void theNextWorkerGoesOnWhereAClosedOneWatched() throws Exception {
    servers.holdStill();
    Started started;
    try (BackstayWorker worker = start()) {
      started = runs.start(INPUT);
      while (servers.operations("s0").isEmpty()) Thread.onSpinWait();
      assertThat(worker.trouble()).isEmpty();
    }
    servers.goOn();
    try (BackstayWorker next = start()) {
      assertThat(runs.await(started, Duration.ofSeconds(60)))
          .containsInstanceOf(Outcome.Completed.class);
      assertThat(next.trouble()).isEmpty();
    }
    assertThat(servers.operations("s0")).hasSize(1);
    assertThat(servers.journal()).doesNotContain("s0 Cancel");
  }

  /** Rule K2: open means that the latest run is open and stems from the holder's original run. */
  @Test
  void aHolderIsOpenWhenItsLatestRunIsItsOwnOrTemporalCannotTell() throws Exception {
    Started started = runs.start(INPUT);
    WorkflowServiceStubs stubs = stubs(address);
    TemporalHolders holders = new TemporalHolders(stubs, "demo");
    assertThat(holders.isOpen(holder("full-backup/vol0", started.run().runId()))).isTrue();
    assertThat(holders.isOpen(holder("full-backup/vol0", "another-run"))).isFalse();
    assertThat(holders.isOpen(holder("full-backup/vol9", started.run().runId()))).isFalse();
    stubs.shutdownNow();
    WorkflowServiceStubs away = stubs("127.0.0.1:" + freePort());
    assertThat(new TemporalHolders(away, "demo").isOpen(holder("x", "y"))).isTrue();
    away.shutdownNow();
  }

  private static WorkflowServiceStubs stubs(String address) {
    return WorkflowServiceStubs.newServiceStubs(
        WorkflowServiceStubsOptions.newBuilder()
            .setTarget(address)
            .setRpcTimeout(Duration.ofSeconds(5))
            .build());
  }

  private static Reservation holder(String workflowId, String run) {
    return new Reservation(
        "vol0", OperationKind.FULL_BACKUP, workflowId, run, "hash", 1, Instant.EPOCH);
  }
}
