package io.backstay.cli;

import io.backstay.model.OperationReport;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import io.backstay.worker.Outcome;
import io.backstay.worker.RunKey;
import io.backstay.worker.Runs;
import io.backstay.worker.Started;
import io.backstay.workflow.RunStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Follows a run to its end. How far it is, it asks the server of the operation again and again
 * (rule K4), so that it goes on showing progress while Temporal or the worker is away.
 */
final class RunFollower {
  private static final Duration AWAIT_AT_ONCE = Duration.ofSeconds(5);
  private static final Duration TRY_AGAIN_AFTER = Duration.ofSeconds(1);
  private static final WaitingFor A_WORKER = new WaitingFor("a worker", "no worker answers");

  private final Runs runs;
  private final Servers servers;
  private final Time time;
  private final Duration askEvery;
  private final Consumer<Progress.Snapshot> progress;

  /** Where the run was seen last; only the asking thread writes these. */
  private volatile Optional<RunStatus> status = Optional.empty();

  private volatile Optional<WaitingFor> trouble = Optional.empty();

  /**
   * @param progress called by another thread
   */
  RunFollower(
      Runs runs,
      Servers servers,
      Time time,
      Duration askEvery,
      Consumer<Progress.Snapshot> progress) {
    this.runs = runs;
    this.servers = servers;
    this.time = time;
    this.askEvery = askEvery;
    this.progress = progress;
  }

  /** Waits without end: Temporal may be away in between. */
  Outcome follow(Started started) throws InterruptedException {
    String id = started.run().workflowId();
    // Where the run is, a worker tells, perhaps after many seconds; how far it is, the server.
    Thread asking = repeat("status of " + id, () -> ask(started.run()));
    Thread watching = repeat("progress of " + id, () -> snapshot(id).ifPresent(progress));
    try {
      while (true) {
        Optional<Outcome> outcome = await(started);
        if (outcome.isPresent()) return outcome.get();
      }
    } finally {
      asking.interrupt();
      watching.interrupt();
      watching.join();
    }
  }

  private Optional<Outcome> await(Started started) throws InterruptedException {
    try {
      return runs.await(started, AWAIT_AT_ONCE);
    } catch (UnreachableException e) {
      time.sleep(TRY_AGAIN_AFTER); // the watching thread says so
      return Optional.empty();
    }
  }

  /** Something that is done again and again until the run is over. */
  private interface Look {
    void once() throws InterruptedException;
  }

  private Thread repeat(String what, Look look) {
    return time.fork(
        what,
        () -> {
          try {
            while (true) {
              time.sleep(askEvery);
              look.once();
            }
          } catch (InterruptedException e) {
            // The run is over.
          }
        });
  }

  private void ask(RunKey run) {
    try {
      Optional<RunStatus> told = runs.status(run);
      if (told.isPresent()) status = told;
      trouble =
          told.isPresent()
              ? Optional.empty()
              : Optional.of(pending(run.workflowId()).orElse(A_WORKER));
    } catch (UnreachableException e) {
      trouble = Optional.of(WaitingFor.answerOf("Temporal", e.getMessage()));
    }
  }

  private Optional<Progress.Snapshot> snapshot(String id) throws InterruptedException {
    Optional<RunStatus> last = status;
    if (last.isEmpty() || last.get().operation() == null) {
      String step = last.map(RunStatus::step).orElse("starting");
      return Optional.of(new Progress.Snapshot(id, step, 0, 0, trouble));
    }
    String step = last.get().step();
    try {
      OperationReport report = report(last.get());
      Optional<WaitingFor> waiting = report.waiting().map(its -> WaitingFor.of(its, time.now()));
      return Optional.of(
          new Progress.Snapshot(id, step, report.bytesDone(), report.bytesTotal(), waiting));
    } catch (IOException e) {
      WaitingFor away = WaitingFor.answerOf(last.get().server(), e.getMessage());
      return Optional.of(new Progress.Snapshot(id, step, 0, 0, Optional.of(away)));
    } catch (RefusedException e) {
      return Optional.empty(); // it has not begun there
    }
  }

  private OperationReport report(RunStatus status)
      throws IOException, InterruptedException, RefusedException {
    Command watch = new Command.Watch(status.operation(), status.volume());
    Reply reply = GroupConnection.accepted(servers.call(status.server(), watch));
    if (reply instanceof Reply.Operation operation) return operation.report();
    throw new IOException("%s answered %s".formatted(status.server(), reply));
  }

  private Optional<WaitingFor> pending(String workflowId) throws UnreachableException {
    try {
      return runs.describe(workflowId).waiting().stream()
          .findFirst()
          .map(its -> WaitingFor.of(its, time.now()));
    } catch (RefusedException e) {
      return Optional.empty();
    }
  }
}
