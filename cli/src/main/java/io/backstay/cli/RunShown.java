package io.backstay.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.OperationReport;
import io.backstay.worker.Outcome;
import io.backstay.worker.RunDescription;
import io.backstay.worker.RunRow;
import io.backstay.workflow.RunStatus;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code run show} answers.
 *
 * @param step in words; empty when no worker answers, or the run is over
 * @param operation its id at the server
 * @param progress as the server of the operation told it just now
 * @param waiting what does not go on, each once
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
    List<WaitingFor> waiting,
    Optional<String> alarm,
    Optional<JsonNode> result,
    Optional<Failure> error) {
  private static final String NEW_LINE = System.lineSeparator();

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

  /**
   * @param more that does not go on
   */
  static RunShown of(
      RunDescription run, Optional<OperationReport> operation, List<WaitingFor> more, Instant now) {
    RunRow row = run.row();
    Set<WaitingFor> waiting = new LinkedHashSet<>(more);
    operation
        .flatMap(OperationReport::waiting)
        .ifPresent(its -> waiting.add(WaitingFor.of(its, now)));
    run.waiting().forEach(its -> waiting.add(WaitingFor.of(its, now)));
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
        List.copyOf(waiting),
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
    waiting.forEach(one -> text.append(NEW_LINE + "  waiting for " + one.text()));
    line(text, "alarm", alarm);
    flags.forEach(flag -> line(text, "flag", Optional.of(flag.toString())));
    line(text, "result", result.map(JsonNode::toString));
    error.ifPresent(failure -> text.append(NEW_LINE).append(failure.text()));
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
    value.ifPresent(its -> text.append(NEW_LINE).append("  %-12s %s".formatted(what + ":", its)));
  }
}
