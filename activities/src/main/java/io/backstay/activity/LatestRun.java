package io.backstay.activity;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.history.v1.WorkflowExecutionStartedEventAttributes;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.util.Optional;

/**
 * The latest run under a workflow id, as Temporal has it.
 *
 * @param execution its workflow id and run id
 * @param began its first event: type, input, original run
 */
public record LatestRun(
    WorkflowExecution execution,
    DescribeWorkflowExecutionResponse described,
    WorkflowExecutionStartedEventAttributes began) {

  /**
   * Asks Temporal; empty when there is no such run.
   *
   * @param runId "" for the latest
   * @throws StatusRuntimeException when Temporal cannot be reached or fails
   */
  public static Optional<LatestRun> find(
      WorkflowServiceStubs temporal, String namespace, String workflowId, String runId) {
    WorkflowExecution asked =
        WorkflowExecution.newBuilder().setWorkflowId(workflowId).setRunId(runId).build();
    try {
      DescribeWorkflowExecutionResponse described =
          temporal
              .blockingStub()
              .describeWorkflowExecution(
                  DescribeWorkflowExecutionRequest.newBuilder()
                      .setNamespace(namespace)
                      .setExecution(asked)
                      .build());
      WorkflowExecution found = described.getWorkflowExecutionInfo().getExecution();
      return Optional.of(new LatestRun(found, described, firstEvent(temporal, namespace, found)));
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) return Optional.empty();
      throw e;
    }
  }

  private static WorkflowExecutionStartedEventAttributes firstEvent(
      WorkflowServiceStubs temporal, String namespace, WorkflowExecution run) {
    return temporal
        .blockingStub()
        .getWorkflowExecutionHistory(
            GetWorkflowExecutionHistoryRequest.newBuilder()
                .setNamespace(namespace)
                .setExecution(run)
                .setMaximumPageSize(1)
                .build())
        .getHistory()
        .getEvents(0)
        .getWorkflowExecutionStartedEventAttributes();
  }

  public boolean open() {
    return described.getWorkflowExecutionInfo().getStatus()
        == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;
  }

  /** Run id of the run's first event: a reset keeps it, which changes the run id (rule K3). */
  public String originalRunId() {
    String original = began.getOriginalExecutionRunId();
    return original.isEmpty() ? execution.getRunId() : original;
  }
}
