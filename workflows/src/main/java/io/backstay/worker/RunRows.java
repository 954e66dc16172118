package io.backstay.worker;

import com.google.protobuf.Timestamp;
import io.backstay.activity.LatestRun;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import io.backstay.workflow.Attributes;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.enums.v1.TaskQueueType;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.taskqueue.v1.PollerInfo;
import io.temporal.api.taskqueue.v1.TaskQueue;
import io.temporal.api.workflow.v1.WorkflowExecutionInfo;
import io.temporal.api.workflowservice.v1.DescribeTaskQueueRequest;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse;
import io.temporal.api.workflowservice.v1.ListClosedWorkflowExecutionsRequest;
import io.temporal.api.workflowservice.v1.ListOpenWorkflowExecutionsRequest;
import io.temporal.api.workflowservice.v1.ListWorkflowExecutionsRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Lists runs, and flags those that cannot go on (rule F3). */
final class RunRows {
  /** One failed task may be a worker that died; a third one in a row is not. */
  private static final int TASK_ATTEMPTS_FAILING = 3;

  /** A poll lasts a minute: a poller that was not seen for longer is gone. */
  private static final Duration POLLER_GONE_AFTER = Duration.ofSeconds(75);

  /** Runs that are looked through for those of one volume. */
  private static final int SEARCHED_MAX = 1000;

  private final WorkflowServiceStubs temporal;
  private final String namespace;
  private final Time time;
  private final Map<String, Boolean> polled = new HashMap<>();

  RunRows(WorkflowServiceStubs temporal, String namespace, Time time) {
    this.temporal = temporal;
    this.namespace = namespace;
    this.time = time;
  }

  List<RunRow> list(Optional<String> volume, Runs.Which which, int most) {
    List<RunRow> rows = new ArrayList<>();
    for (WorkflowExecutionInfo info : infos(which, volume.isEmpty() ? most : SEARCHED_MAX)) {
      Optional<String> its = volumeOf(info);
      if (volume.isPresent() && !its.equals(volume)) continue;
      rows.add(row(info, flags(info)));
      if (rows.size() == most) break;
    }
    return rows;
  }

  RunRow row(LatestRun run) {
    WorkflowExecutionInfo info = run.described().getWorkflowExecutionInfo();
    return row(info, run.open() ? flags(run.described()) : Set.of());
  }

  /** Newest first. */
  private List<WorkflowExecutionInfo> infos(Runs.Which which, int most) {
    ListWorkflowExecutionsRequest.Builder asked =
        ListWorkflowExecutionsRequest.newBuilder().setNamespace(namespace).setPageSize(most);
    if (which == Runs.Which.OPEN) asked.setQuery("ExecutionStatus = 'Running'");
    try {
      return temporal.blockingStub().listWorkflowExecutions(asked.build()).getExecutionsList();
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.UNIMPLEMENTED) throw e;
      return ofTheTestServer(which, most);
    }
  }

  /** The Java test server, which {@code demo} may fall back to, knows only the older requests. */
  private List<WorkflowExecutionInfo> ofTheTestServer(Runs.Which which, int most) {
    List<WorkflowExecutionInfo> infos =
        new ArrayList<>(
            temporal
                .blockingStub()
                .listOpenWorkflowExecutions(
                    ListOpenWorkflowExecutionsRequest.newBuilder()
                        .setNamespace(namespace)
                        .setMaximumPageSize(most)
                        .build())
                .getExecutionsList());
    if (which == Runs.Which.ALL) {
      infos.addAll(
          temporal
              .blockingStub()
              .listClosedWorkflowExecutions(
                  ListClosedWorkflowExecutionsRequest.newBuilder()
                      .setNamespace(namespace)
                      .setMaximumPageSize(most)
                      .build())
              .getExecutionsList());
    }
    infos.sort(
        Comparator.comparing((WorkflowExecutionInfo info) -> instant(info.getStartTime()))
            .reversed());
    return infos;
  }

  private RunRow row(WorkflowExecutionInfo info, Set<RunRow.Flag> flags) {
    return new RunRow(
        Runs.key(info.getExecution()),
        info.getType().getName(),
        state(info.getStatus()),
        volumeOf(info),
        instant(info.getStartTime()),
        info.hasCloseTime() ? Optional.of(instant(info.getCloseTime())) : Optional.empty(),
        flags);
  }

  private static RunRow.State state(WorkflowExecutionStatus status) {
    return switch (status) {
      case WORKFLOW_EXECUTION_STATUS_COMPLETED -> RunRow.State.COMPLETED;
      case WORKFLOW_EXECUTION_STATUS_FAILED -> RunRow.State.FAILED;
      case WORKFLOW_EXECUTION_STATUS_CANCELED -> RunRow.State.CANCELLED;
      case WORKFLOW_EXECUTION_STATUS_TERMINATED -> RunRow.State.TERMINATED;
      case WORKFLOW_EXECUTION_STATUS_TIMED_OUT -> RunRow.State.TIMED_OUT;
      default -> RunRow.State.RUNNING;
    };
  }

  /** From the search attribute, else from an id that the command line gave: full-backup/vol0. */
  private static Optional<String> volumeOf(WorkflowExecutionInfo info) {
    Payload attribute =
        info.getSearchAttributes().getIndexedFieldsMap().get(Attributes.VOLUME.getName());
    if (attribute != null) {
      try {
        return Optional.of(Cbor.json().readValue(attribute.getData().toByteArray(), String.class));
      } catch (IOException e) {
        return Optional.empty();
      }
    }
    String[] parts = info.getExecution().getWorkflowId().split("/", 3);
    return parts.length < 2 ? Optional.empty() : Optional.of(parts[1]);
  }

  private Set<RunRow.Flag> flags(WorkflowExecutionInfo info) {
    if (state(info.getStatus()) != RunRow.State.RUNNING) return Set.of();
    return LatestRun.find(
            temporal,
            namespace,
            info.getExecution().getWorkflowId(),
            info.getExecution().getRunId())
        .map(run -> flags(run.described()))
        .orElse(Set.of());
  }

  private Set<RunRow.Flag> flags(DescribeWorkflowExecutionResponse described) {
    Set<RunRow.Flag> flags = EnumSet.noneOf(RunRow.Flag.class);
    if (described.getPendingWorkflowTask().getAttempt() >= TASK_ATTEMPTS_FAILING) {
      flags.add(RunRow.Flag.TASKS_FAIL);
    }
    String queue = described.getExecutionConfig().getTaskQueue().getName();
    if (!polled.computeIfAbsent(queue, this::isPolled)) flags.add(RunRow.Flag.NOBODY_POLLS);
    return flags;
  }

  private boolean isPolled(String queue) {
    try {
      var answer =
          temporal
              .blockingStub()
              .describeTaskQueue(
                  DescribeTaskQueueRequest.newBuilder()
                      .setNamespace(namespace)
                      .setTaskQueue(TaskQueue.newBuilder().setName(queue))
                      .setTaskQueueType(TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
                      .build());
      Instant oldest = time.now().minus(POLLER_GONE_AFTER);
      return answer.getPollersList().stream()
          .map(PollerInfo::getLastAccessTime)
          .anyMatch(seen -> instant(seen).isAfter(oldest));
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) return true; // the test server
      throw e;
    }
  }

  static Instant instant(Timestamp timestamp) {
    return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
  }
}
