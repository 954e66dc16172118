package io.backstay.worker;

import io.backstay.activity.LatestRun;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Reservation;
import io.backstay.seam.Time;
import io.backstay.wire.UnreachableException;
import io.backstay.workflow.RunInput;
import io.backstay.workflow.RunPayloads;
import io.backstay.workflow.RunStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.workflowservice.v1.RequestCancelWorkflowExecutionRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowException;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowTargetOptions;
import io.temporal.serviceclient.RpcRetryOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Starts runs at Temporal and follows them: what the command line stands on. A typical command:
 *
 * <pre>{@code
 * try (Runs runs = Runs.connect("127.0.0.1:7233", "backstay-g0", Time.system())) {
 *   Started started = runs.start(new FullBackup.Input("vol0", "100MiB/s", null));
 *   Optional<Outcome> outcome;
 *   do {
 *     outcome = runs.await(started, Duration.ofSeconds(1)); // UnreachableException: say so, go on
 *     runs.status(started.run()).ifPresent(this::showProgress);
 *   } while (outcome.isEmpty());
 *   switch (outcome.get()) {
 *     case Outcome.Completed done -> print(done.as(FullBackup.Result.class));
 *     case Outcome.Failed failed -> print(failed.refusal());
 *     ...
 *   }
 * }
 * }</pre>
 *
 * <p>Inputs are the {@code Input} records of the workflows; an {@link IllegalArgumentException} of
 * their constructors is a usage error. How many bytes are done is asked from the server with {@code
 * Command.Watch}, server and operation being told by {@link #status} (rule K4). Safe for use by
 * many threads. Every method throws {@link UnreachableException} when Temporal does not answer
 * within some seconds, with nothing changed unless it says so; the runs themselves go on meanwhile.
 */
public final class Runs implements AutoCloseable {
  /** The one task queue of a group's workers. */
  public static final String TASK_QUEUE = "backstay";

  /** The one that runs may end just when it is asked for. */
  private static final int START_TURNS_MAX = 3;

  /** Also on a machine with forty threads for two processors, where to connect alone took ten. */
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

  /** A query needs a living worker. */
  private static final Duration STATUS_WITHIN = Duration.ofSeconds(5);

  /** A Temporal that was away for long is seen again as soon. */
  private static final Duration CONNECT_AGAIN_EVERY = Duration.ofSeconds(2);

  private final WorkflowServiceStubs temporal;
  private final Optional<ClientSockets> sockets;
  private final String namespace;
  private final WorkflowClient client;
  private final Time time;
  private final RunHistory histories;

  private Runs(
      WorkflowServiceStubs temporal, Optional<ClientSockets> sockets, String namespace, Time time) {
    this.temporal = temporal;
    this.sockets = sockets;
    this.namespace = namespace;
    this.time = time;
    this.client =
        WorkflowClient.newInstance(
            temporal,
            WorkflowClientOptions.newBuilder()
                .setNamespace(namespace)
                .setDataConverter(RunPayloads.converter())
                .build());
    this.histories = new RunHistory(temporal, namespace, time);
  }

  /**
   * Does not connect yet: the first call does.
   *
   * @param address host:port of Temporal's frontend
   * @param namespace of the group
   */
  public static Runs connect(String address, String namespace, Time time) {
    ClientSockets sockets = new ClientSockets();
    return new Runs(
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder()
                .setTarget(address)
                .setChannelInitializer(sockets::serve)
                .setRpcTimeout(ANSWER_WITHIN)
                .setSystemInfoTimeout(ANSWER_WITHIN)
                .setRpcQueryTimeout(STATUS_WITHIN)
                .setConnectionBackoffResetFrequency(CONNECT_AGAIN_EVERY)
                .setRpcRetryOptions(
                    RpcRetryOptions.newBuilder()
                        .setExpiration(ANSWER_WITHIN)
                        .validateBuildWithDefaults())
                .build()),
        Optional.of(sockets),
        namespace,
        time);
  }

  /**
   * Loads what any connection will need: beside something else, where the time of a short command
   * counts.
   */
  public static void preload() {
    connect("127.0.0.1:1", "preload", Time.system()).close();
  }

  /** On stubs of the caller's, which {@link #close} shuts down. */
  static Runs on(WorkflowServiceStubs temporal, String namespace, Time time) {
    return new Runs(temporal, Optional.empty(), namespace, time);
  }

  /**
   * Starts a run under {@link RunInput#workflowId}, or attaches to the one that is running there if
   * its input is equal, grants apart (rule K2).
   *
   * @throws RefusedException {@code already-running} when the one that runs has another input
   */
  public Started start(RunInput input) throws RefusedException, UnreachableException {
    for (int turn = 0; turn < START_TURNS_MAX; turn++) {
      Optional<Started> begun = begin(input);
      if (begun.isPresent()) return begun.get();
      Optional<LatestRun> running = latest(input.workflowId(), "").filter(LatestRun::open);
      if (running.isPresent()) return attach(input, running.get());
    }
    throw new RefusedException(
        Refusal.of(
                RefusalCode.ALREADY_RUNNING,
                "runs %s come and go faster than they can be met".formatted(input.workflowId()))
            .attempted("start " + input.summary())
            .next("backstay run list shows who starts them"));
  }

  /** Empty when one is running under the id. */
  private Optional<Started> begin(RunInput input) throws UnreachableException {
    WorkflowStub stub =
        client.newUntypedWorkflowStub(
            input.workflowType(),
            WorkflowOptions.newBuilder()
                .setTaskQueue(TASK_QUEUE)
                .setWorkflowId(input.workflowId())
                .setWorkflowIdConflictPolicy(
                    WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
                .setStaticSummary(input.summary())
                .setStaticDetails(RunInputs.howToFollow(input, namespace))
                .build());
    try {
      RunKey run = key(stub.start(input));
      return Optional.of(new Started(run, Started.How.STARTED, input.inputHash()));
    } catch (WorkflowExecutionAlreadyStarted e) {
      return Optional.empty();
    } catch (StatusRuntimeException | WorkflowException e) {
      throw unreachable("starting " + input.workflowId(), e);
    }
  }

  private static Started attach(RunInput input, LatestRun running) throws RefusedException {
    Optional<String> hash = RunInputs.of(running).map(RunInput::inputHash);
    if (hash.equals(Optional.of(input.inputHash()))) {
      return new Started(key(running.execution()), Started.How.ATTACHED, input.inputHash());
    }
    throw new RefusedException(
        Refusal.of(
                RefusalCode.ALREADY_RUNNING,
                "%s is running with another input".formatted(input.workflowId()))
            .attempted("start " + input.summary())
            .found("input of the running one: " + RunInputs.withoutGrant(running))
            .next(
                "wait for it (backstay run wait %1$s) or cancel it (backstay run cancel %1$s)"
                    .formatted(input.workflowId())));
  }

  /**
   * Waits until the run is over, at most so long; empty when it is still running. Follows a reset
   * to the run that goes on with the work, and a run that ended as {@code already-running} to the
   * volume's holder when that one works on an equal input (rule K2): {@link Outcome#run} tells
   * which it was.
   */
  public Optional<Outcome> await(Started started, Duration atMost) throws UnreachableException {
    Optional<Outcome> outcome = await(started.run(), atMost);
    if (outcome.orElse(null) instanceof Outcome.Failed failed && failed.holder().isPresent()) {
      Reservation holder = failed.holder().get();
      if (holder.inputHash().equals(started.inputHash())) return follow(failed, holder, atMost);
    }
    return outcome;
  }

  private Optional<Outcome> follow(Outcome.Failed failed, Reservation holder, Duration atMost)
      throws UnreachableException {
    Optional<LatestRun> run = latest(holder.workflowId(), "");
    return run.isPresent() && run.get().originalRunId().equals(holder.originalRunId())
        ? await(key(run.get().execution()), atMost)
        : Optional.of(failed);
  }

  /** As {@link #await(Started, Duration)} without following a holder. */
  public Optional<Outcome> await(RunKey run, Duration atMost) throws UnreachableException {
    try {
      Optional<Outcome> outcome = histories.await(run, atMost);
      if (outcome.orElse(null) instanceof Outcome.Terminated) {
        Optional<RunKey> next = histories.resetOf(run);
        if (next.isPresent()) return await(next.get(), atMost);
      }
      return outcome;
    } catch (StatusRuntimeException e) {
      throw unreachable("waiting for " + run.workflowId(), e);
    }
  }

  /**
   * Asks the run to end: it tells the servers to stop in a steady state, releases the volume and
   * ends as cancelled, which {@link #await} then shows. Idempotent; a run that is over stays as it
   * is.
   *
   * @throws RefusedException {@code not-found}
   */
  public void cancel(RunKey run, String reason) throws RefusedException, UnreachableException {
    try {
      temporal
          .blockingStub()
          .requestCancelWorkflowExecution(
              RequestCancelWorkflowExecutionRequest.newBuilder()
                  .setNamespace(namespace)
                  .setIdentity("backstay")
                  .setReason(reason)
                  .setWorkflowExecution(
                      WorkflowExecution.newBuilder()
                          .setWorkflowId(run.workflowId())
                          .setRunId(run.runId()))
                  .build());
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.NOT_FOUND) {
        throw unreachable("cancelling " + run.workflowId(), e);
      }
      if (latest(run.workflowId(), run.runId()).isEmpty()) throw notFound(run.workflowId());
    }
  }

  /**
   * The latest run under a workflow id, for {@code run wait} and {@code run cancel}.
   *
   * @throws RefusedException {@code not-found}
   */
  public RunKey find(String workflowId) throws RefusedException, UnreachableException {
    return key(latest(workflowId, "").orElseThrow(() -> notFound(workflowId)).execution());
  }

  /** Where a run stands; empty when no worker answers within some seconds. */
  public Optional<RunStatus> status(RunKey run) throws UnreachableException {
    try {
      WorkflowStub stub =
          client.newUntypedWorkflowStub(
              WorkflowTargetOptions.newBuilder()
                  .setWorkflowId(run.workflowId())
                  .setRunId(run.runId())
                  .build());
      return Optional.ofNullable(stub.query("status", RunStatus.class));
    } catch (WorkflowException e) {
      return Optional.empty(); // nobody answers: the description says why
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
        throw unreachable("asking " + run.workflowId(), e);
      }
      return Optional.empty();
    }
  }

  /**
   * Everything about the latest run under a workflow id.
   *
   * @throws RefusedException {@code not-found}
   */
  public RunDescription describe(String workflowId) throws RefusedException, UnreachableException {
    LatestRun latest = latest(workflowId, "").orElseThrow(() -> notFound(workflowId));
    RunKey run = key(latest.execution());
    try {
      Optional<Outcome> outcome =
          latest.open() ? Optional.empty() : histories.await(run, ANSWER_WITHIN);
      RunRow row = new RunRows(temporal, namespace, time).row(latest);
      boolean answers = latest.open() && row.flags().isEmpty();
      return new RunDescription(
          row,
          latest.originalRunId(),
          RunInputs.withoutGrant(latest),
          answers ? status(run) : Optional.empty(),
          new RunWaits(temporal, namespace).of(latest),
          outcome);
    } catch (StatusRuntimeException e) {
      throw unreachable("describing " + workflowId, e);
    }
  }

  /**
   * The newest runs first.
   *
   * @param volume empty for all
   * @param most at most so many rows
   */
  public List<RunRow> list(Optional<String> volume, Which which, int most)
      throws UnreachableException {
    try {
      return new RunRows(temporal, namespace, time).list(volume, which, most);
    } catch (StatusRuntimeException e) {
      throw unreachable("listing runs", e);
    }
  }

  /** Which runs to list. */
  public enum Which {
    OPEN,
    ALL
  }

  private Optional<LatestRun> latest(String workflowId, String runId) throws UnreachableException {
    try {
      return LatestRun.find(temporal, namespace, workflowId, runId);
    } catch (StatusRuntimeException e) {
      throw unreachable("asking for " + workflowId, e);
    }
  }

  static RunKey key(WorkflowExecution run) {
    return new RunKey(run.getWorkflowId(), run.getRunId());
  }

  private static RefusedException notFound(String workflowId) {
    return new RefusedException(
        Refusal.of(RefusalCode.NOT_FOUND, "there is no run '%s'".formatted(workflowId))
            .next("backstay run list shows those there are"));
  }

  private UnreachableException unreachable(String attempted, Exception cause) {
    Throwable root = cause.getCause() instanceof StatusRuntimeException status ? status : cause;
    return new UnreachableException(
        "%s: Temporal at %s, namespace %s: %s"
            .formatted(attempted, temporal.getOptions().getTarget(), namespace, root.getMessage()),
        cause);
  }

  @Override
  public void close() {
    temporal.shutdownNow();
    sockets.ifPresent(ClientSockets::close);
  }
}
