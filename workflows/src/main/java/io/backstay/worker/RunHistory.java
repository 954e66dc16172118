package io.backstay.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import io.backstay.activity.LatestRun;
import io.backstay.activity.RefusalFailure;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import io.backstay.workflow.RunPayloads;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.HistoryEventFilterType;
import io.temporal.api.failure.v1.Failure;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest;
import io.temporal.common.converter.DataConverter;
import io.temporal.failure.ApplicationFailure;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Reads how a run ended from its last event. */
final class RunHistory {
  private static final int CAUSES_MAX = 20;

  /**
   * Temporal answers a question that waits this long before its deadline, so that the answer
   * arrives in time. With a shorter deadline it does not wait at all, and a loop around it spins.
   */
  private static final Duration ANSWERED_BEFORE_DEADLINE = Duration.ofSeconds(1);

  private final WorkflowServiceStubs temporal;
  private final String namespace;
  private final Time time;
  private final DataConverter converter = RunPayloads.converter();

  RunHistory(WorkflowServiceStubs temporal, String namespace, Time time) {
    this.temporal = temporal;
    this.namespace = namespace;
    this.time = time;
  }

  /** Waits for the event that closes the run; empty when there is none in time. */
  Optional<Outcome> await(RunKey run, Duration atMost) {
    long until = time.nanos() + atMost.toNanos();
    while (true) {
      long left = until - time.nanos();
      Optional<HistoryEvent> last = lastEvent(run, Math.max(0, left));
      if (last.isPresent()) return Optional.of(outcome(run, last.get()));
      if (left <= 0) return Optional.empty();
    }
  }

  /** One question; Temporal, or the SDK's own deadline, may end it early without an answer. */
  private Optional<HistoryEvent> lastEvent(RunKey run, long waitNanos) {
    GetWorkflowExecutionHistoryRequest asked =
        GetWorkflowExecutionHistoryRequest.newBuilder()
            .setNamespace(namespace)
            .setExecution(
                WorkflowExecution.newBuilder()
                    .setWorkflowId(run.workflowId())
                    .setRunId(run.runId()))
            .setHistoryEventFilterType(HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
            .setWaitNewEvent(true)
            .build();
    try {
      return temporal
          .blockingStub()
          .withDeadlineAfter(waitNanos + ANSWERED_BEFORE_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)
          .getWorkflowExecutionHistory(asked)
          .getHistory()
          .getEventsList()
          .stream()
          .reduce((_, last) -> last);
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) return Optional.empty();
      throw e;
    }
  }

  /** The run that goes on with the work of one that a reset ended. */
  Optional<RunKey> resetOf(RunKey run) {
    Optional<LatestRun> was = LatestRun.find(temporal, namespace, run.workflowId(), run.runId());
    Optional<LatestRun> latest = LatestRun.find(temporal, namespace, run.workflowId(), "");
    return latest
        .filter(found -> !found.execution().getRunId().equals(run.runId()))
        .filter(found -> was.isPresent() && found.originalRunId().equals(was.get().originalRunId()))
        .map(found -> Runs.key(found.execution()));
  }

  private Outcome outcome(RunKey run, HistoryEvent last) {
    return switch (last.getEventType()) {
      case EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED -> new Outcome.Completed(run, result(last));
      case EVENT_TYPE_WORKFLOW_EXECUTION_FAILED ->
          failed(run, last.getWorkflowExecutionFailedEventAttributes().getFailure());
      case EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED -> new Outcome.Cancelled(run, "cancelled");
      case EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED ->
          new Outcome.Terminated(
              run, last.getWorkflowExecutionTerminatedEventAttributes().getReason());
      case EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT ->
          new Outcome.Terminated(run, "a time-out that was set when it was started");
      default -> throw new IllegalStateException("%s ended with %s".formatted(run, last));
    };
  }

  private static JsonNode result(HistoryEvent last) {
    var results = last.getWorkflowExecutionCompletedEventAttributes().getResult();
    if (results.getPayloadsCount() == 0) return NullNode.getInstance();
    try {
      return Cbor.json().readTree(results.getPayloads(0).getData().toByteArray());
    } catch (IOException e) {
      throw new IllegalStateException("the result of a run is not JSON", e);
    }
  }

  /** The refusal that is deepest in the chain of causes; without one, the outermost message. */
  private Outcome failed(RunKey run, Failure failure) {
    Throwable thrown = converter.failureToException(failure);
    Outcome found =
        new Outcome.Failed(
            run,
            Refusal.of(RefusalCode.OTHER, String.valueOf(failure.getMessage())),
            Optional.empty());
    Throwable cause = thrown;
    for (int i = 0; cause != null && i < CAUSES_MAX; i++, cause = cause.getCause()) {
      if (cause instanceof ApplicationFailure application) {
        Optional<Refusal> refusal = RefusalFailure.refusal(application);
        if (refusal.isPresent()) {
          found = new Outcome.Failed(run, refusal.get(), RefusalFailure.holder(application));
        }
      }
    }
    return found;
  }
}
