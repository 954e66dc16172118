package io.backstay.activity;

import io.backstay.seam.Time;
import io.micrometer.core.instrument.MeterRegistry;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInfo;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowTargetOptions;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says that an operation does not move, and when it moves again: in the log, as the metric {@code
 * backstay.operation.stalls}, and to the workflow, which shows it in its details (rule K4). There
 * is no deadline: nothing is stopped because of it.
 */
public final class Alarms {
  static final Duration STALLED_AFTER = Duration.ofMinutes(15);

  private static final Logger LOG = LoggerFactory.getLogger(Alarms.class);

  private final MeterRegistry metrics;
  private final Time time;

  public Alarms(MeterRegistry metrics, Time time) {
    this.metrics = metrics;
    this.time = time;
  }

  static boolean isStalled(Instant lastProgress, Instant now) {
    return lastProgress.isBefore(now.minus(STALLED_AFTER));
  }

  void tell(ActivityExecutionContext context, OperationActivities.Order order, Progress progress) {
    String text = progress.alarmed() ? text(order, progress) : "";
    if (progress.alarmed()) {
      LOG.warn("{}: {}", order.operation(), text);
      metrics
          .counter(
              "backstay.operation.stalls",
              "volume",
              order.volume(),
              "operation",
              order.work().kind().word(),
              "server",
              order.server())
          .increment();
    } else {
      LOG.info("{} moves again", order.operation());
    }
    // On a thread of its own: with Temporal away it takes a minute, and watching goes on.
    WorkflowClient client = context.getWorkflowClient();
    ActivityInfo info = context.getInfo();
    time.fork("alarm " + order.operation(), () -> tellWorkflow(client, info, text));
  }

  private static String text(OperationActivities.Order order, Progress progress) {
    return "%s of %s at %s has not moved since %s, at %d of %d bytes%s"
        .formatted(
            order.work().kind().word(),
            order.volume(),
            order.server(),
            progress.lastProgress(),
            progress.bytesDone(),
            progress.bytesTotal(),
            progress.waiting() == null ? "" : "; it waits for " + progress.waiting());
  }

  private static void tellWorkflow(WorkflowClient client, ActivityInfo info, String text) {
    try {
      client
          .newUntypedWorkflowStub(
              WorkflowTargetOptions.newBuilder()
                  .setWorkflowId(info.getWorkflowId())
                  .setRunId(info.getWorkflowRunId())
                  .build())
          .signal("alarm", text);
    } catch (RuntimeException e) {
      LOG.warn("{} was not told: {}", info.getWorkflowId(), e.toString());
    }
  }
}
