package io.backstay.worker;

import com.google.protobuf.ByteString;
import io.backstay.activity.LatestRun;
import io.backstay.activity.Progress;
import io.backstay.workflow.RunPayloads;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.failure.v1.Failure;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflow.v1.PendingActivityInfo;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DataConverterException;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the activities of a run that fail and are tried again wait for (rule K4). */
final class RunWaits {
  /** Our runs have some tens of events; another one's history is not read to its end. */
  private static final int PAGES_MAX = 10;

  private final WorkflowServiceStubs temporal;
  private final String namespace;
  private final DataConverter converter = RunPayloads.converter();

  RunWaits(WorkflowServiceStubs temporal, String namespace) {
    this.temporal = temporal;
    this.namespace = namespace;
  }

  List<RunDescription.Waiting> of(LatestRun run) {
    List<PendingActivityInfo> failing =
        run.described().getPendingActivitiesList().stream()
            .filter(PendingActivityInfo::hasLastFailure)
            .toList();
    if (failing.isEmpty()) return List.of();
    Map<String, Instant> scheduled = scheduled(run);
    return failing.stream()
        .map(pending ->
            new RunDescription.Waiting(
                pending.getActivityType().getName(),
                pending.getAttempt(),
                failingSince(pending)
                    .or(() -> Optional.ofNullable(scheduled.get(pending.getActivityId())))
                    .orElseGet(() -> RunRows.instant(pending.getLastStartedTime())),
                message(pending.getLastFailure())))
        .toList();
  }

  /** What the watcher keeps in its heartbeat. */
  private Optional<Instant> failingSince(PendingActivityInfo pending) {
    if (pending.getHeartbeatDetails().getPayloadsCount() == 0) return Optional.empty();
    try {
      Progress progress =
          converter.fromPayload(
              pending.getHeartbeatDetails().getPayloads(0), Progress.class, Progress.class);
      return Optional.ofNullable(progress).map(Progress::failingSince);
    } catch (DataConverterException e) {
      return Optional.empty(); // the details of another kind of activity
    }
  }

  /** When each activity was scheduled, by its id; Temporal's description has only the last try. */
  private Map<String, Instant> scheduled(LatestRun run) {
    Map<String, Instant> times = new HashMap<>();
    ByteString page = ByteString.EMPTY;
    for (int i = 0; i < PAGES_MAX; i++) {
      GetWorkflowExecutionHistoryResponse answer =
          temporal
              .blockingStub()
              .getWorkflowExecutionHistory(
                  GetWorkflowExecutionHistoryRequest.newBuilder()
                      .setNamespace(namespace)
                      .setExecution(run.execution())
                      .setNextPageToken(page)
                      .build());
      for (HistoryEvent event : answer.getHistory().getEventsList()) {
        if (event.getEventType() != EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) continue;
        times.put(
            event.getActivityTaskScheduledEventAttributes().getActivityId(),
            RunRows.instant(event.getEventTime()));
      }
      page = answer.getNextPageToken();
      if (page.isEmpty()) break;
    }
    return times;
  }

  private static String message(Failure failure) {
    return failure.hasCause() && failure.getMessage().isEmpty()
        ? message(failure.getCause())
        : failure.getMessage();
  }
}
