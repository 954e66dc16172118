package io.backstay.worker;

import static io.temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED;
import static io.temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED;

import com.google.protobuf.ByteString;
import io.backstay.activity.MemoryServers;
import io.backstay.activity.QuickTime;
import io.backstay.activity.TemporalHolders;
import io.backstay.model.Refusal;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.UnreachableException;
import io.backstay.workflow.Attributes;
import io.backstay.workflow.RunInput;
import io.backstay.workflow.RunPayloads;
import io.backstay.workflow.RunStatus;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.common.v1.WorkflowType;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.taskqueue.v1.TaskQueue;
import io.temporal.api.workflowservice.v1.StartWorkflowExecutionRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowException;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A group in memory whose worker works at the Java test server in process. */
final class TestGroup implements AutoCloseable {
  static final Duration LONG_ENOUGH = Duration.ofSeconds(30);

  final QuickTime time = new QuickTime();
  final MemoryServers servers = new MemoryServers(time);
  final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  final Runs runs;
  private final TestWorkflowEnvironment temporal;
  private final boolean own;
  private final String namespace;
  private final List<TestWorker> workers = new ArrayList<>();

  private TestGroup(TestWorkflowEnvironment temporal, boolean own, String namespace) {
    this.temporal = temporal;
    this.own = own;
    this.namespace = namespace;
    this.runs = Runs.on(temporal.getWorkflowServiceStubs(), namespace, Time.system());
  }

  static TestWorkflowEnvironment newTemporal() {
    TestEnvironmentOptions.Builder options =
        TestEnvironmentOptions.newBuilder()
            .setWorkflowClientOptions(
                WorkflowClientOptions.newBuilder()
                    .setDataConverter(RunPayloads.converter())
                    .build());
    Attributes.ALL.forEach(key ->
        options.registerSearchAttribute(
            key.getName(), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD));
    return TestWorkflowEnvironment.newInstance(options.build());
  }

  /** With volume vol0, which is plain and has two points, and one worker. */
  static TestGroup start() {
    TestGroup group = new TestGroup(newTemporal(), true, "UnitTest");
    group.servers.protect("vol0", 2);
    group.startWorker();
    return group;
  }

  /** With volume log0 too, beside other groups at one Temporal, in a namespace of its own. */
  static TestGroup beside(TestWorkflowEnvironment temporal, String namespace) {
    TestGroup group = new TestGroup(temporal, false, namespace);
    group.servers.protect("vol0", 2);
    group.servers.protectLogged("log0", 4);
    return group;
  }

  TestWorker startWorker() {
    TestWorker worker = new TestWorker();
    workers.add(worker);
    return worker;
  }

  Started begin(RunInput input) throws UnreachableException, RefusedException {
    return runs.start(input);
  }

  /**
   * As {@code temporal workflow start --type --workflow-id --input} does: JSON that only says that
   * it is JSON.
   *
   * @param json null for no input
   */
  Started startRaw(String type, String workflowId, String json) {
    StartWorkflowExecutionRequest.Builder request =
        StartWorkflowExecutionRequest.newBuilder()
            .setNamespace(namespace)
            .setRequestId(workflowId + type)
            .setWorkflowId(workflowId)
            .setWorkflowType(WorkflowType.newBuilder().setName(type))
            .setTaskQueue(TaskQueue.newBuilder().setName(Runs.TASK_QUEUE));
    if (json != null) {
      request.setInput(
          Payloads.newBuilder()
              .addPayloads(
                  Payload.newBuilder()
                      .putMetadata("encoding", ByteString.copyFromUtf8("json/plain"))
                      .setData(ByteString.copyFromUtf8(json))));
    }
    String runId =
        temporal
            .getWorkflowServiceStubs()
            .blockingStub()
            .startWorkflowExecution(request.build())
            .getRunId();
    return new Started(new RunKey(workflowId, runId), Started.How.STARTED, "");
  }

  /** Starts a run that must be refused, and tells why. */
  Refusal refused(RunInput input) throws UnreachableException, RefusedException {
    Outcome outcome = run(input);
    if (outcome instanceof Outcome.Failed failed) return failed.refusal();
    throw new AssertionError("not refused: " + outcome);
  }

  /** Starts a run that must come to a result. */
  <T> T completed(RunInput input, Class<T> result) throws UnreachableException, RefusedException {
    return completed(begin(input), result);
  }

  <T> T completed(Started started, Class<T> result) throws UnreachableException {
    Outcome outcome = end(started);
    if (outcome instanceof Outcome.Completed done) return done.as(result);
    throw new AssertionError("not completed: " + outcome);
  }

  /** Waits until something is so; the run meanwhile goes on. */
  void until(BooleanSupplier condition) {
    for (int i = 0; i < 6000; i++) {
      if (condition.getAsBoolean()) return;
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
    throw new AssertionError("it does not come to be");
  }

  RunStatus status(Started started) {
    try {
      return runs.status(started.run()).orElseThrow();
    } catch (UnreachableException e) {
      throw new AssertionError(e);
    }
  }

  /** Starts a run and waits for its end; delays between attempts take no time. */
  Outcome run(RunInput input) throws UnreachableException, RefusedException {
    return end(begin(input));
  }

  Outcome end(Started started) throws UnreachableException {
    try {
      temporal
          .getWorkflowClient()
          .newUntypedWorkflowStub(started.run().workflowId())
          .getResult(Object.class);
    } catch (WorkflowException e) {
      // how it ended is told below
    }
    return await(started);
  }

  Outcome await(Started started) throws UnreachableException {
    Optional<Outcome> outcome = runs.await(started, LONG_ENOUGH);
    if (outcome.isEmpty())
      throw new AssertionError(
          "%s does not end: %s%n%s"
              .formatted(started, show(started), history(started.run().workflowId())));
    return outcome.get();
  }

  String show(Started started) throws UnreachableException {
    try {
      return runs.describe(started.run().workflowId()).toString();
    } catch (RefusedException e) {
      return e.refusal().toString();
    }
  }

  /** As {@code temporal workflow terminate} does. */
  void terminate(String workflowId) {
    client().newUntypedWorkflowStub(workflowId).terminate("a test");
  }

  /**
   * Cancels the latest run and returns when its workflow code has seen that. The test server loses
   * a run whose activity ends while the workflow asks for its cancellation; a real one does not.
   */
  void cancel(String workflowId) throws UnreachableException, RefusedException {
    runs.cancel(new RunKey(workflowId, ""), "a test");
    for (int i = 0; i < 1000 && !hasSeenCancel(workflowId); i++) {
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  private boolean hasSeenCancel(String workflowId) {
    return client().fetchHistory(workflowId).getEvents().stream()
        .dropWhile(it -> it.getEventType() != EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
        .anyMatch(it -> it.getEventType() == EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  }

  /** The history of the latest run, as JSON that the replayer reads. */
  String history(String workflowId) {
    return client().fetchHistory(workflowId).toJson(true);
  }

  private WorkflowClient client() {
    return WorkflowClient.newInstance(
        temporal.getWorkflowServiceStubs(),
        WorkflowClientOptions.newBuilder().setNamespace(namespace).build());
  }

  @Override
  public void close() {
    workers.forEach(TestWorker::close);
    if (own) temporal.close();
  }

  /** A worker with a link of its own to Temporal. */
  final class TestWorker implements AutoCloseable {
    private final SeverableLink link = new SeverableLink();
    private final WorkflowServiceStubs stubs;
    private final WorkerFactory factory;

    TestWorker() {
      stubs =
          WorkflowServiceStubs.newServiceStubs(
              WorkflowServiceStubsOptions.newBuilder()
                  .setChannel(temporal.getWorkflowServiceStubs().getRawChannel())
                  .setGrpcClientInterceptors(List.of(link))
                  .build());
      WorkflowClient client =
          WorkflowClient.newInstance(
              stubs,
              WorkflowClientOptions.newBuilder()
                  .setNamespace(namespace)
                  .setIdentity("worker")
                  .setDataConverter(RunPayloads.converter())
                  .setWorkerHeartbeatInterval(Duration.ofSeconds(-1))
                  .build());
      factory =
          WorkerFactory.newInstance(
              client,
              WorkerFactoryOptions.newBuilder().setUsingVirtualWorkflowThreads(true).build());
      Worker worker =
          factory.newWorker(
              Runs.TASK_QUEUE,
              BackstayWorker.workerOptions(WorkerSettings.TemporalKind.TEST_SERVER));
      Registration.workflows(worker);
      Registration.activities(
          worker, servers, new TemporalHolders(stubs, namespace), () -> true, metrics, time);
      factory.start();
    }

    /** Nothing of what it does reaches Temporal any more. */
    void die() {
      link.sever();
      factory.shutdownNow();
    }

    @Override
    public void close() {
      factory.shutdownNow();
    }
  }
}
