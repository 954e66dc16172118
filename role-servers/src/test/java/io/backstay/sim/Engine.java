package io.backstay.sim;

import io.backstay.model.OperationKind;
import io.backstay.model.RefusedException;
import io.backstay.model.Reservation;
import io.backstay.model.Role;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryNetwork;
import io.backstay.wire.Peer;
import io.backstay.wire.Servers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What a durable workflow engine and its workers do, in their shortest form: a run's steps are
 * recorded, a worker that died or fell silent is replaced by another that goes on after the last
 * recorded step, and the one that was replaced may wake up and not know it.
 */
public final class Engine {
  /** A worker that is silent for so long is taken for dead. */
  public static final Duration HEARTBEAT_TIMEOUT = Duration.ofSeconds(10);

  private final SimulatedGroup group;
  private final RandomGenerator random;
  private final List<Run> runs = new ArrayList<>();
  private Worker worker;
  private int workers;
  private int runIds;

  /** A process that executes runs. */
  public record Worker(
      SimulatedProcess process, MemoryNetwork network, Time time, Servers servers) {}

  public Engine(SimulatedGroup group) {
    this.group = group;
    this.random = group.scheduler().splitRandom();
    this.worker = newWorker();
  }

  private Worker newWorker() {
    String name = "w" + ++workers;
    SimulatedProcess process = new SimulatedProcess(name);
    Peer self = new Peer(GroupKeys.GROUP, name, Role.WORKER);
    MemoryNetwork network = new MemoryNetwork(group.wire(), self);
    Time time = new SimulatedTime(group.scheduler(), process, () -> 0);
    return new Worker(process, network, time, group.remote(self, network, time));
  }

  public List<Run> runs() {
    return runs;
  }

  /** Name of the worker that takes new runs. */
  public String worker() {
    return worker.process().name();
  }

  public RandomGenerator random() {
    return random;
  }

  public Run start(String workflowId, String volume, OperationKind kind, Run.Script script) {
    Run run = new Run(workflowId, "r" + ++runIds, volume, kind, script, group.scheduler());
    runs.add(run);
    group.say("run " + run + " begins");
    dispatch(run);
    return run;
  }

  private void dispatch(Run run) {
    if (!run.isOpen()) return;
    Worker by = worker;
    long attempt = run.nextAttempt();
    Execution execution = new Execution(group, this, run, attempt, by);
    by.time().fork(run.runId() + "." + attempt, () -> execute(run, execution));
  }

  private void execute(Run run, Execution execution) {
    try {
      Object result = run.script().run(execution);
      close(run, execution, new Outcome.Done(result));
    } catch (RefusedException e) {
      close(run, execution, new Outcome.Refused(e.refusal()));
    } catch (Run.CancelledException e) {
      close(run, execution, new Outcome.Cancelled());
    } catch (Execution.ReplacedException e) {
      group.say(execution + " of " + run + " finds that it was replaced");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void close(Run run, Execution execution, Outcome outcome) {
    if (!execution.isCurrent()) return;
    run.close(outcome, group.scheduler().nanos());
    group.say("run " + run + " ends: " + outcome);
  }

  /** The worker dies; another one goes on with its runs after a while. */
  public void killWorker() {
    Worker dead = worker;
    worker = newWorker();
    group.say("worker " + dead.process() + " dies, " + worker.process() + " follows");
    group.scheduler().kill(dead.process());
    dead.network().processDeath(random);
    reassign();
  }

  /** The worker stands still for longer than anybody waits for it, and goes on some time later. */
  public void pauseWorker(Duration pause) {
    Worker silent = worker;
    worker = newWorker();
    group.say("worker %s is silent for %s".formatted(silent.process(), pause));
    group.scheduler().pause(silent.process(), pause.toNanos());
    reassign();
  }

  private void reassign() {
    for (Run run : runs) {
      if (!run.isOpen()) continue;
      long wait = random.nextLong(HEARTBEAT_TIMEOUT.toNanos());
      long seen = run.attempt();
      group
          .scheduler()
          .at(
              group.scheduler().nanos() + wait,
              () -> {
                if (run.attempt() == seen) dispatch(run);
              });
    }
  }

  public void cancel(Run run) {
    group.say("run " + run + " is asked to stop");
    run.cancel();
  }

  /** Ends the run without telling anybody: its worker learns of it with its next heartbeat. */
  public void terminate(Run run) {
    group.say("run " + run + " is terminated");
    run.close(new Outcome.Terminated(), group.scheduler().nanos());
  }

  /** Whether the run of that operation is over because it was asked to stop. */
  public boolean isCancelled(String operation) {
    return runs.stream()
        .anyMatch(run ->
            operation.startsWith(run.runId() + "/")
                && run.outcome().orElse(null) instanceof Outcome.Cancelled);
  }

  /** Whether the holder's run is open (rule K2). */
  public boolean isOpen(Reservation holder) {
    return runs.stream()
        .anyMatch(run ->
            run.isOpen()
                && run.workflowId().equals(holder.workflowId())
                && run.runId().equals(holder.originalRunId()));
  }
}
