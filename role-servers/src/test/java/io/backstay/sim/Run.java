package io.backstay.sim;

import io.backstay.model.OperationKind;
import io.backstay.model.RefusedException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** One run of a workflow as its engine keeps it: what is in here survives every worker. */
public final class Run {
  /** What a run does, step by step; deterministic but for what the steps answer. */
  public interface Script {
    Object run(Execution steps) throws RefusedException, CancelledException, InterruptedException;
  }

  /** The run was asked to stop, and does. */
  public static final class CancelledException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private final String workflowId;
  private final String runId;
  private final String volume;
  private final OperationKind kind;
  private final Script script;
  private final long beganNanos;
  private final Map<String, Object> history = new HashMap<>();
  private final SimulatedGate closed;
  private Optional<Outcome> outcome = Optional.empty();
  private long endedNanos = Long.MAX_VALUE;
  private boolean cancelRequested;
  private long attempt;

  Run(
      String workflowId,
      String runId,
      String volume,
      OperationKind kind,
      Script script,
      SeededScheduler scheduler) {
    this.workflowId = workflowId;
    this.runId = runId;
    this.volume = volume;
    this.kind = kind;
    this.script = script;
    this.beganNanos = scheduler.nanos();
    this.closed = new SimulatedGate(scheduler);
  }

  public String workflowId() {
    return workflowId;
  }

  public String runId() {
    return runId;
  }

  public String volume() {
    return volume;
  }

  public OperationKind kind() {
    return kind;
  }

  Script script() {
    return script;
  }

  public long beganNanos() {
    return beganNanos;
  }

  /** When it was closed; without end while it is open. */
  public long endedNanos() {
    return endedNanos;
  }

  Map<String, Object> history() {
    return history;
  }

  public boolean isOpen() {
    return outcome.isEmpty();
  }

  public Optional<Outcome> outcome() {
    return outcome;
  }

  public boolean cancelRequested() {
    return cancelRequested;
  }

  public void cancel() {
    cancelRequested = true;
  }

  long attempt() {
    return attempt;
  }

  /** A worker takes the run over; whoever had it before has it no more. */
  long nextAttempt() {
    return ++attempt;
  }

  void close(Outcome how, long nanos) {
    if (outcome.isPresent()) return;
    outcome = Optional.of(how);
    endedNanos = nanos;
    closed.open();
  }

  /** One thread may wait. */
  public Outcome await() throws InterruptedException {
    while (outcome.isEmpty()) closed.await(java.time.Duration.ofDays(10_000));
    return outcome.get();
  }

  @Override
  public String toString() {
    return workflowId + " (" + runId + ")";
  }
}
