package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.wire.Cbor;
import io.backstay.worker.Outcome;
import io.backstay.worker.RunKey;
import io.backstay.worker.Started;
import io.backstay.workflow.RunInput;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Function;

/** What all commands that start a run have in common: start or attach, follow, answer. */
final class RunDesk {
  private final Shell shell;
  private final GroupConnection connection;
  private final GroupFile group;
  private final Output output;

  RunDesk(Shell shell, GroupConnection connection, GroupFile group) {
    this.shell = shell;
    this.connection = connection;
    this.group = group;
    this.output = shell.output();
  }

  /** Whether a command stays until its run is over. */
  enum Stay {
    FOLLOW,
    DETACH
  }

  /** What a command answers that does not wait. */
  record Detached(String workflowId, String runId, String state, String how) {}

  /**
   * Starts a run, or attaches to the one that does the same already.
   *
   * @param text the answer for people, of a JSON object with the fields of the run's result
   * @return exit code
   */
  int run(RunInput input, Stay stay, Function<ObjectNode, String> text)
      throws IOException, InterruptedException, RefusedException {
    Started started = connection.runs(group).start(input);
    RunKey run = started.run();
    String how =
        switch (started.how()) {
          case STARTED -> "started";
          case ATTACHED -> "is running already; attached to it";
        };
    if (stay == Stay.DETACH) {
      output.object(
          new Detached(run.workflowId(), run.runId(), "RUNNING", started.how().name()),
          () ->
              "%s %s (run %s); follow it: backstay run wait %s"
                  .formatted(run.workflowId(), how, run.runId(), run.workflowId()));
      return 0;
    }
    output.say("backstay: %s %s (run %s)".formatted(run.workflowId(), how, run.runId()));
    return follow(started, text);
  }

  /** Follows a run to its end and answers with its result. */
  int follow(Started started, Function<ObjectNode, String> text)
      throws IOException, InterruptedException, RefusedException {
    Outcome outcome = outcome(started);
    if (outcome instanceof Outcome.Completed completed) {
      ObjectNode answer = answer(completed);
      output.object(answer, () -> text.apply(answer));
      return 0;
    }
    throw new RefusedException(refusal(outcome));
  }

  private Outcome outcome(Started started) throws IOException, InterruptedException {
    Progress bar =
        new Progress(
            shell.err(),
            shell.watched() && !output.format().forMachines()
                ? Progress.Device.TERMINAL
                : Progress.Device.FILE);
    Consumer<Progress.Snapshot> show = seen -> bar.show(seen, shell.time().nanos());
    try (AtExit detach = Detach.onInterrupt(output, started.run().workflowId())) {
      return new RunFollower(
              connection.runs(group),
              connection.serversWhenNeeded(group),
              shell.time(),
              bar.askEvery(),
              show)
          .follow(started);
    } finally {
      bar.end();
    }
  }

  /** The run's ids, then the fields of its result. */
  static ObjectNode answer(Outcome.Completed completed) {
    ObjectNode answer = Cbor.json().createObjectNode();
    answer.put("workflowId", completed.run().workflowId());
    answer.put("runId", completed.run().runId());
    if (completed.result() instanceof ObjectNode fields) answer.setAll(fields);
    return answer;
  }

  /** Why it did not complete. */
  static Refusal refusal(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Failed failed -> failed.refusal();
      case Outcome.Cancelled cancelled ->
          Refusal.of(RefusalCode.CANCELLED, "the run was cancelled")
              .found(cancelled.reason())
              .next("what is durable stays; the same command goes on from there");
      case Outcome.Terminated terminated ->
          Refusal.of(RefusalCode.CANCELLED, "the run was terminated")
              .found(terminated.reason())
              .next("the same command supersedes it and goes on");
      case Outcome.Completed completed ->
          throw new IllegalArgumentException(completed.run() + " was not refused");
    };
  }
}
