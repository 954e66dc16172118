package io.backstay.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.OperationReport;
import io.backstay.worker.Outcome;
import io.backstay.worker.RunDescription;
import io.backstay.worker.RunRow;
import io.backstay.workflow.RunStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code run show} answers.
 *
 * @param step in words; empty when no worker answers, or the run is over
 * @param operation its id at the server
 * @param progress as the server of the operation told it just now
 * @param waiting what does not go on: "a0 since 02:13:07Z: connection refused"
 * @param result of a run that completed
 * @param error why it did not
 */
record RunShown(
    String workflowId,
    String runId,
    String workflowType,
    Optional<String> volume,
    RunRow.State state,
    Instant started,
    Optional<Instant> ended,
    Set<RunRow.Flag> flags,
    String originalRunId,
    JsonNode input,
    Optional<String> step,
    Optional<String> plan,
    Optional<String> server,
    Optional<String> operation,
    Optional<Progress> progress,
    List<String> waiting,
    Optional<String> alarm,
    Optional<JsonNode> result,
    Optional<Failure> error) {

  /** How far the operation of the step is. */
  record Progress(
      long bytesDone,
      long bytesTotal,
      long bytesSent,
      long bytesResent,
      Instant started,
      Instant lastProgress) {
    static Progress of(OperationReport report) {
      return new Progress(
          report.bytesDone(),
          report.bytesTotal(),
          report.bytesSent(),
          report.bytesResent(),
          report.started(),
          report.lastProgress());
    }
  }

  static RunShown of(RunDescription run, Optional<OperationReport> operation, List<String> more) {
    RunRow row = run.row();
    List<String> waiting = new ArrayList<>(more);
    operation.flatMap(OperationReport::waiting).ifPresent(waiting::add);
    run.waiting().forEach(one -> waiting.add(one.toString()));
    return new RunShown(
        row.run().workflowId(),
        row.run().runId(),
        row.workflowType(),
        row.volume(),
        row.state(),
        row.started(),
        row.ended(),
        row.flags(),
        run.originalRunId(),
        run.input(),
        run.status().map(RunStatus::step),
        run.status().map(RunStatus::plan),
        run.status().map(RunStatus::server),
        run.status().map(RunStatus::operation),
        operation.map(Progress::of),
        waiting,
        run.status().map(RunStatus::alarm),
        run.outcome().flatMap(RunShown::result),
        run.outcome().flatMap(RunShown::error));
  }

  private static Optional<JsonNode> result(Outcome outcome) {
    return outcome instanceof Outcome.Completed completed
        ? Optional.of(completed.result())
        : Optional.empty();
  }

  private static Optional<Failure> error(Outcome outcome) {
    return outcome instanceof Outcome.Completed
        ? Optional.empty()
        : Optional.of(Failure.of(RunDesk.refusal(outcome)));
  }

  String text() {
    StringBuilder text = new StringBuilder();
    text.append("%s: %s, %s".formatted(workflowId, workflowType, state));
    text.append(" since ").append(Quantity.time(ended.orElse(started)));
    line(text, "run", Optional.of(runId));
    line(text, "input", Optional.of(input.toString()));
    line(text, "plan", plan);
    line(text, "step", step);
    line(text, "progress", progress.map(RunShown::far));
    line(text, "operation", operation.map(id -> id + " at " + server.orElse("?")));
    waiting.forEach(cause -> line(text, "waiting for", Optional.of(cause)));
    line(text, "alarm", alarm);
    flags.forEach(flag -> line(text, "flag", Optional.of(flag.toString())));
    line(text, "result", result.map(JsonNode::toString));
    error.ifPresent(failure -> text.append(System.lineSeparator()).append(failure.text()));
    return text.toString();
  }

  private static String far(Progress progress) {
    return "%s of %s durable, %s sent, %s of it twice"
        .formatted(
            Quantity.bytes(progress.bytesDone()),
            Quantity.bytes(progress.bytesTotal()),
            Quantity.bytes(progress.bytesSent()),
            Quantity.bytes(progress.bytesResent()));
  }

  private static void line(StringBuilder text, String what, Optional<String> value) {
    value.ifPresent(
        its -> text.append(System.lineSeparator()).append("  %-12s %s".formatted(what + ":", its)));
  }
}
