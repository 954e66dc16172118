package io.backstay.sim;

import io.backstay.model.OperationKind;
import io.backstay.model.OperationReport;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Reservation;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * One worker's attempt at one run: the steps that all runs are made of, as the worker of the
 * product takes them (rules K2, K3, X10).
 */
public final class Execution {
  private static final Duration POLL_EVERY = Duration.ofSeconds(1);
  private static final Duration HEARD_EVERY = Duration.ofSeconds(8);
  private static final Duration HOLD_FOR = Duration.ofHours(24);
  private static final Duration RETRY_MAX = Duration.ofSeconds(10);
  private static final int TURNS_MAX = 3;

  private final SimulatedGroup group;
  private final Engine engine;
  private final Run run;
  private final long attempt;
  private final Servers servers;
  private final Time time;
  private boolean detached;
  private long heardNanos;

  /** This attempt is not the run's any more: another worker has it, or it is over. */
  public static final class ReplacedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A question to a server, asked again until it is answered. */
  public interface Activity<T> {
    T answer() throws IOException, RefusedException, InterruptedException;
  }

  /** An operation at a server. */
  public record Order(
      String server, String operation, long epoch, Work work, Optional<Long> heldGid) {}

  /** Work under a reservation. */
  public interface UnderEpoch<T> {
    T work(long epoch) throws RefusedException, Run.CancelledException, InterruptedException;
  }

  Execution(SimulatedGroup group, Engine engine, Run run, long attempt, Engine.Worker worker) {
    this.group = group;
    this.engine = engine;
    this.run = run;
    this.attempt = attempt;
    this.servers = worker.servers();
    this.time = worker.time();
    this.heardNanos = group.scheduler().nanos();
  }

  public boolean isCurrent() {
    return run.isOpen() && run.attempt() == attempt;
  }

  public Run thisRun() {
    return run;
  }

  public Reply call(String server, Command command) throws IOException, InterruptedException {
    return servers.call(server, command);
  }

  /** The reply of that kind; a refusal is thrown. */
  public <T extends Reply> T ask(String server, Command command, Class<T> type)
      throws IOException, RefusedException, InterruptedException {
    Reply reply = call(server, command);
    if (reply instanceof Reply.Refused refused) throw new RefusedException(refused.refusal());
    return type.cast(reply);
  }

  /** One recorded step: what it came to is known to every later attempt. */
  public <T> T step(String name, Activity<T> activity)
      throws RefusedException, Run.CancelledException, InterruptedException {
    while (!run.history().containsKey(name)) {
      if (!isCurrent()) throw new ReplacedException();
      if (run.cancelRequested() && !detached) throw new Run.CancelledException();
      Object result = attempted(activity);
      if (!isCurrent()) throw new ReplacedException();
      run.history().put(name, result);
    }
    Object known = run.history().get(name);
    if (known instanceof Refusal refusal) throw new RefusedException(refusal);
    @SuppressWarnings("unchecked")
    T result = (T) known;
    return result;
  }

  private <T> Object attempted(Activity<T> activity)
      throws Run.CancelledException, InterruptedException {
    Duration delay = Duration.ofSeconds(1);
    while (true) {
      try {
        return activity.answer();
      } catch (RefusedException e) {
        if (e.refusal().code().advice() != RefusalCode.Advice.RETRY) return superseded(e.refusal());
      } catch (IOException e) {
        // unreachable: tried again
      }
      time.sleep(delay);
      if (!isCurrent()) throw new ReplacedException();
      if (run.cancelRequested() && !detached) throw new Run.CancelledException();
      delay = delay.multipliedBy(2);
      if (delay.compareTo(RETRY_MAX) > 0) delay = RETRY_MAX;
    }
  }

  /** Whoever lost its reservation learns it under one name. */
  private static Refusal superseded(Refusal refusal) {
    return refusal.code().advice() == RefusalCode.Advice.FENCED
        ? new Refusal(
            RefusalCode.SUPERSEDED,
            refusal.message(),
            refusal.attempted(),
            refusal.found(),
            refusal.next())
        : refusal;
  }

  /** Reserves the volume, works, and releases it however that ends. */
  public <T> T reserved(OperationKind kind, UnderEpoch<T> work)
      throws RefusedException, Run.CancelledException, InterruptedException {
    Reservation held = step("reserve", () -> reserve(kind));
    T result;
    try {
      result = work.work(held.epoch());
    } catch (RefusedException e) {
      if (e.refusal().code() != RefusalCode.SUPERSEDED) release(held);
      throw e;
    } catch (Run.CancelledException e) {
      release(held);
      throw e;
    }
    release(held);
    return result;
  }

  private Reservation reserve(OperationKind kind)
      throws IOException, RefusedException, InterruptedException {
    Optional<Long> supersedes = Optional.empty();
    for (int turn = 1; ; turn++) {
      Reply reply =
          call(
              "c0",
              new Command.Reserve(
                  run.volume(), kind, run.workflowId(), run.runId(), "input", supersedes));
      if (reply instanceof Reply.Reserved reserved) return reserved.reservation();
      Reply.Refused refused = (Reply.Refused) reply;
      boolean over = refused.holder().filter(holder -> !engine.isOpen(holder)).isPresent();
      if (!over || turn == TURNS_MAX) throw new RefusedException(refused.refusal());
      supersedes = Optional.of(refused.holder().get().epoch());
    }
  }

  private void release(Reservation held)
      throws RefusedException, Run.CancelledException, InterruptedException {
    detached(
        "release",
        () -> ask("c0", new Command.Release(held.volume(), held.epoch()), Reply.Done.class));
  }

  /** A step that is taken also by a run that was cancelled. */
  public <T> T detached(String name, Activity<T> activity)
      throws RefusedException, Run.CancelledException, InterruptedException {
    boolean before = detached;
    detached = true;
    try {
      return step(name, activity);
    } finally {
      detached = before;
    }
  }

  public Order order(String server, String step, long epoch, Work work) {
    return new Order(server, run.runId() + "/" + step, epoch, work, Optional.empty());
  }

  public Order orderHolding(String server, String step, long gid, Work work) {
    return new Order(server, run.runId() + "/" + step, 0, work, Optional.of(gid));
  }

  /** One operation, watched until it is over; stopped when the run is cancelled. */
  public <T extends WorkResult> T carryOut(Order order, Class<T> type)
      throws RefusedException, Run.CancelledException, InterruptedException {
    try {
      return type.cast(step("carry out " + order.operation(), () -> watched(order)));
    } catch (Run.CancelledException e) {
      Optional<WorkResult> finished = detached("stop " + order.operation(), () -> stopped(order));
      if (finished.isEmpty()) throw e;
      return type.cast(finished.get());
    }
  }

  /** As {@link #carryOut}, by a run that was cancelled already. */
  public <T extends WorkResult> T detachedOrder(Order order, Class<T> type)
      throws RefusedException, Run.CancelledException, InterruptedException {
    boolean before = detached;
    detached = true;
    try {
      return carryOut(order, type);
    } finally {
      detached = before;
    }
  }

  private WorkResult watched(Order order)
      throws IOException, RefusedException, InterruptedException {
    Command.Start start =
        new Command.Start(order.operation(), run.volume(), order.epoch(), order.work());
    boolean attached = false;
    long heldNanos = Long.MIN_VALUE;
    while (true) {
      if (order.heldGid().isPresent() && group.scheduler().nanos() - heldNanos > 600_000_000_000L) {
        takeHold(order);
        heldNanos = group.scheduler().nanos();
      }
      Reply reply =
          attached
              ? call(order.server(), new Command.Watch(order.operation(), run.volume()))
              : call(order.server(), start);
      if (reply instanceof Reply.Refused refused) {
        if (!attached || refused.refusal().code() != RefusalCode.UNKNOWN_OPERATION)
          throw new RefusedException(refused.refusal());
        attached = false;
        continue;
      }
      OperationReport report = ((Reply.Operation) reply).report();
      attached = report.state() != OperationReport.State.PARKED;
      switch (report.state()) {
        case DONE -> {
          return report.result().orElseThrow();
        }
        case REFUSED -> throw new RefusedException(report.refusal().orElseThrow());
        case CANCELLED ->
            throw new RefusedException(RefusalCode.CANCELLED, "cancelled at its server");
        case RUNNING, PARKED -> heartbeat();
      }
      time.sleep(POLL_EVERY);
    }
  }

  /** The engine answers now and then; only then a worker learns what happened to its run. */
  private void heartbeat() throws RefusedException, IOException {
    if (group.scheduler().nanos() - heardNanos < HEARD_EVERY.toNanos()) return;
    heardNanos = group.scheduler().nanos();
    if (!isCurrent()) throw new ReplacedException();
    if (run.cancelRequested() && !detached) throw new IOException("asked to stop");
  }

  private Optional<WorkResult> stopped(Order order)
      throws IOException, RefusedException, InterruptedException {
    Reply reply = call(order.server(), new Command.Cancel(order.operation(), run.volume()));
    while (reply instanceof Reply.Operation(OperationReport report) && report.running()) {
      time.sleep(POLL_EVERY);
      reply = call(order.server(), new Command.Watch(order.operation(), run.volume()));
    }
    if (reply instanceof Reply.Operation(OperationReport report)) return report.result();
    Refusal refusal = ((Reply.Refused) reply).refusal();
    boolean gone =
        refusal.code() == RefusalCode.UNKNOWN_OPERATION
            || refusal.code() == RefusalCode.UNKNOWN_VOLUME
            || refusal.code().advice() == RefusalCode.Advice.FENCED;
    if (gone) return Optional.empty();
    throw new RefusedException(refusal);
  }

  private Reply takeHold(Order order) throws IOException, RefusedException, InterruptedException {
    return ask(
        order.server(),
        new Command.TakeHold(
            order.operation(), run.volume(), order.heldGid().orElseThrow(), HOLD_FOR),
        Reply.Done.class);
  }

  /** An operation whose point is held before it begins and let go when it is over. */
  public <T extends WorkResult> T holding(Order order, Class<T> type)
      throws RefusedException, Run.CancelledException, InterruptedException {
    step("hold", () -> takeHold(order));
    T result;
    try {
      result = carryOut(order, type);
    } catch (RefusedException | Run.CancelledException e) {
      letGo(order);
      throw e;
    }
    letGo(order);
    return result;
  }

  private void letGo(Order order)
      throws RefusedException, Run.CancelledException, InterruptedException {
    detached(
        "let go",
        () ->
            ask(
                order.server(),
                new Command.ReleaseHold(order.operation(), run.volume()),
                Reply.Done.class));
  }

  @Override
  public String toString() {
    return "attempt " + attempt;
  }
}
