package io.backstay.cli;

import io.backstay.model.OperationReport;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import io.backstay.worker.Outcome;
import io.backstay.worker.RunDescription;
import io.backstay.worker.Runs;
import io.backstay.worker.Started;
import io.backstay.workflow.RunStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Follows a run to its end. How far it is, it asks the server of the operation every second (rule
 * K4), so that it goes on showing progress while Temporal or the worker is away.
 */
final class RunFollower {
  static final Duration ASK_EVERY = Duration.ofSeconds(1);

  private final Runs runs;
  private final Servers servers;
  private final Time time;
  private final Duration askEvery;
  private final Consumer<Progress.Snapshot> progress;

  /** The operation that the run was last seen at; only the watching thread touches it. */
  private Optional<RunStatus> lastStatus = Optional.empty();

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
    Thread watching = time.fork("progress of " + started.run().workflowId(), () -> watch(started));
    try {
      while (true) {
        Optional<Outcome> outcome = await(started);
        if (outcome.isPresent()) return outcome.get();
      }
    } finally {
      watching.interrupt();
      watching.join();
    }
  }

  private Optional<Outcome> await(Started started) throws InterruptedException {
    try {
      return runs.await(started, ASK_EVERY);
    } catch (UnreachableException e) {
      time.sleep(ASK_EVERY); // the watching thread says so
      return Optional.empty();
    }
  }

  private void watch(Started started) {
    try {
      while (true) {
        time.sleep(askEvery);
        snapshot(started).ifPresent(progress);
      }
    } catch (InterruptedException e) {
      // The run is over.
    }
  }

  private Optional<Progress.Snapshot> snapshot(Started started) throws InterruptedException {
    String id = started.run().workflowId();
    Optional<String> waiting = Optional.empty();
    try {
      Optional<RunStatus> status = runs.status(started.run());
      if (status.isPresent()) lastStatus = status;
      else waiting = Optional.of(pending(id).orElse("a worker"));
    } catch (UnreachableException e) {
      waiting = Optional.of("Temporal: " + e.getMessage());
    }
    if (lastStatus.isEmpty()) {
      return waiting.map(cause -> new Progress.Snapshot(id, "starting", 0, 0, Optional.of(cause)));
    }
    return Optional.of(snapshot(id, lastStatus.get(), waiting));
  }

  private Progress.Snapshot snapshot(String id, RunStatus status, Optional<String> waiting)
      throws InterruptedException {
    if (status.operation() == null) {
      return new Progress.Snapshot(id, status.step(), 0, 0, waiting);
    }
    try {
      OperationReport report = report(status);
      return new Progress.Snapshot(
          id, status.step(), report.bytesDone(), report.bytesTotal(), report.waiting());
    } catch (IOException e) {
      return new Progress.Snapshot(
          id, status.step(), 0, 0, Optional.of(status.server() + ": " + e.getMessage()));
    } catch (RefusedException e) {
      return new Progress.Snapshot(id, status.step(), 0, 0, waiting); // it has not begun there
    }
  }

  private OperationReport report(RunStatus status)
      throws IOException, InterruptedException, RefusedException {
    Command watch = new Command.Watch(status.operation(), status.volume());
    Reply reply = GroupConnection.accepted(servers.call(status.server(), watch));
    if (reply instanceof Reply.Operation operation) return operation.report();
    throw new IOException("%s answered %s".formatted(status.server(), reply));
  }

  private Optional<String> pending(String workflowId) throws UnreachableException {
    try {
      return runs.describe(workflowId).waiting().stream()
          .findFirst()
          .map(RunDescription.Waiting::toString);
    } catch (RefusedException e) {
      return Optional.empty();
    }
  }
}
