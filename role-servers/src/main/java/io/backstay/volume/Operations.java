package io.backstay.volume;

import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.model.OperationReport;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts, attaches to, watches, cancels, parks and resumes the operations of one server (rule K3).
 *
 * <p><b>One door.</b> {@link #start} is the only way in: a known id attaches or answers, an unknown
 * one passes the fence (rule K2), the state table and the role's own checks, and is in the ledger,
 * durably, before its first step.
 *
 * <p><b>The thread of an operation</b> ({@link Attempts}) makes attempt after attempt until the
 * role concludes, refuses for good, or somebody asks it to stop. Nobody needs to watch it: losing
 * the watcher stops nothing for {@link #PARK_AFTER}.
 *
 * <p><b>A restart</b> resumes every entry that is RUNNING ({@link #resume}), from the progress that
 * is durable.
 */
public final class Operations<M extends VolumeMetadata<M>> {
  /** Unwatched for so long, an operation parks (rule K3). */
  static final Duration PARK_AFTER = Duration.ofMinutes(30);

  private static final Logger LOG = LoggerFactory.getLogger(Operations.class);

  private final String server;
  private final Time time;
  private final VolumeStore<M> store;
  private final OperationRole<M> role;
  private final Attempts<M> attempts;
  private final Map<String, RunningOperation> running = new ConcurrentSkipListMap<>();
  private final Map<String, ReentrantLock> doors = new ConcurrentHashMap<>();
  private final Gate stopping;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final AtomicLong movedByEnded = new AtomicLong();

  public Operations(String server, Time time, VolumeStore<M> store, OperationRole<M> role) {
    this.server = server;
    this.time = time;
    this.store = store;
    this.role = role;
    this.attempts = new Attempts<>(time, store, role);
    this.stopping = time.gate();
  }

  /** Goes on with everything that an earlier process left RUNNING. */
  public void resume() {
    for (M volume : store.all()) {
      for (LedgerEntry entry : volume.ledger().entries()) {
        if (entry.state() == State.RUNNING) run(volume.volume(), entry);
      }
    }
    time.fork("park", this::parkUnwatched);
  }

  /** Answers what the ledger answers. */
  public Reply answer(Command.ForOperations command)
      throws RefusedException, IOException, InterruptedException {
    return switch (command) {
      case Command.Start start -> new Reply.Operation(start(start));
      case Command.Watch watch -> new Reply.Operation(watch(watch.volume(), watch.operation()));
      case Command.Cancel cancel ->
          new Reply.Operation(cancel(cancel.volume(), cancel.operation()));
      case Command.ListOperations list -> new Reply.Operations(list(list.volume()));
    };
  }

  /** Starts the work, attaches to it, or answers with what it came to. */
  public OperationReport start(Command.Start start)
      throws RefusedException, IOException, InterruptedException {
    ReentrantLock door = doors.computeIfAbsent(start.volume(), name -> new ReentrantLock());
    door.lock();
    try {
      Optional<LedgerEntry> known = store.get(start.volume()).ledger().find(start.operation());
      return known.isPresent() ? attach(start, known.get()) : begin(start);
    } finally {
      door.unlock();
    }
  }

  private OperationReport attach(Command.Start start, LedgerEntry entry)
      throws RefusedException, IOException {
    if (!entry.hasSameWork(start.work())) {
      throw new RefusedException(
          Refusal.of(RefusalCode.DIFFERENT_INPUT, "this operation was started with other work")
              .attempted("start " + start.operation() + " with " + start.work().withoutGrant())
              .found(entry.work().withoutGrant().toString()));
    }
    if (entry.state() == State.PARKED) {
      fence(start);
      LedgerEntry again = entry.with(State.RUNNING, time.now());
      attempts.record(start.volume(), again);
      run(start.volume(), again);
    }
    return watch(start.volume(), start.operation());
  }

  private OperationReport begin(Command.Start start)
      throws RefusedException, IOException, InterruptedException {
    fence(start);
    if (store.get(start.volume()).ledger().isBuried(start.operation())) {
      throw new RefusedException(
          Refusal.of(RefusalCode.CANCELLED, "the operation was cancelled before it was started")
              .attempted("start %s of %s".formatted(start.operation(), start.volume()))
              .next("start a new run"));
    }
    if (start.epoch() > 0) supersede(start.volume(), start.epoch());
    // What was to be superseded may have stopped with the server, and goes on after it.
    requireServing("start " + start.operation());
    role.prepare(start);
    LedgerEntry entry =
        LedgerEntry.begin(start.operation(), start.work(), start.epoch(), time.now());
    store.change(
        start.volume(),
        before -> {
          M admitted = role.admit(before, start, kindsRunning(start.volume()));
          return admitted.with(admitted.ledger().with(entry, time.now()));
        });
    LOG.info(
        "{} of {} begins as {}", entry.work().kind().word(), start.volume(), start.operation());
    run(start.volume(), entry);
    return watch(start.volume(), start.operation());
  }

  /** A command with an epoch below one that was seen changes nothing (rule K2). */
  private void fence(Command.Start start) throws RefusedException {
    long seen = store.get(start.volume()).ledger().epoch();
    if (Exclusion.reserves(start.work().kind()) && start.epoch() < seen) {
      throw new RefusedException(
          Refusal.of(RefusalCode.FENCED, "a newer run took the volume over")
              .attempted("start %s with epoch %d".formatted(start.operation(), start.epoch()))
              .found("epoch %d on %s".formatted(seen, server)));
    }
  }

  /**
   * Remembers the epoch, so that nothing older can begin any more, then ends what runs under a
   * lower one and waits until it has (rule K2).
   */
  private void supersede(String volume, long epoch) throws IOException, InterruptedException {
    store.update(volume, before -> before.with(before.ledger().raised(epoch)));
    for (RunningOperation older : runningOn(volume).toList()) {
      if (older.entry().epoch() == 0 || older.entry().epoch() >= epoch) continue;
      older.stop(RunningOperation.Stop.SUPERSEDED);
      older.awaitOver();
    }
  }

  /** How far it is; counts as watching. */
  public OperationReport watch(String volume, String operation) throws RefusedException {
    RunningOperation live = running.get(operation);
    if (live != null) {
      live.watched();
      return live.current().report(volume, server, live.step(), live.waiting());
    }
    return store
        .get(volume)
        .ledger()
        .find(operation)
        .orElseThrow(() -> unknown(volume, operation))
        .report(volume, server, "", Optional.empty());
  }

  /**
   * Asks it to stop and waits until it has. What is over stays as it is; what is not known never
   * begins: its start may still be on its way (rule K3).
   */
  public OperationReport cancel(String volume, String operation)
      throws RefusedException, IOException, InterruptedException {
    if (store.get(volume).ledger().find(operation).isEmpty()) bury(volume, operation);
    RunningOperation live = running.get(operation);
    if (live != null) {
      live.stop(RunningOperation.Stop.CANCELLED);
      live.awaitOver();
      requireServing("cancel " + operation);
    }
    LedgerEntry entry =
        store.get(volume).ledger().find(operation).orElseThrow(() -> unknown(volume, operation));
    if (entry.state() == State.PARKED)
      attempts.giveUp(volume, entry.with(State.CANCELLED, time.now()));
    return watch(volume, operation);
  }

  private void requireServing(String attempted) throws RefusedException {
    if (!stopped.get()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.UNREACHABLE, server + " is being stopped")
            .attempted(attempted)
            .next("ask again; what ran goes on when it is there again"));
  }

  private void bury(String volume, String operation) throws IOException {
    ReentrantLock door = doors.computeIfAbsent(volume, name -> new ReentrantLock());
    door.lock();
    try {
      store.update(
          volume,
          before ->
              before.ledger().find(operation).isPresent()
                  ? before
                  : before.with(before.ledger().burying(operation, time.now())));
    } finally {
      door.unlock();
    }
  }

  private static RefusedException unknown(String volume, String operation) {
    return new RefusedException(
        RefusalCode.UNKNOWN_OPERATION,
        "no operation %s of %s is known here".formatted(operation, volume));
  }

  /** The ledger, newest first. */
  public List<OperationReport> list(Optional<String> volume) {
    List<OperationReport> reports = new ArrayList<>();
    for (M known : store.all()) {
      if (volume.isPresent() && !volume.get().equals(known.volume())) continue;
      for (LedgerEntry entry : known.ledger().entries()) {
        RunningOperation live = running.get(entry.operation());
        reports.add(
            live == null
                ? entry.report(known.volume(), server, "", Optional.empty())
                : live.current().report(known.volume(), server, live.step(), live.waiting()));
      }
    }
    reports.sort(Comparator.comparing(OperationReport::started).reversed());
    return reports;
  }

  public List<OperationKind> kindsRunning(String volume) {
    return runningOn(volume).map(live -> live.entry().work().kind()).toList();
  }

  /**
   * Registers what is measured of the operations.
   *
   * @param more run each time before the measures are fresh again, some seconds apart
   */
  public void measure(MeterRegistry registry, Runnable more) {
    VolumeMeters.register(registry, this, more, time, stopped);
  }

  int countRunning() {
    return running.size();
  }

  /** Payload bytes that this process moved for its operations. */
  long bytesMoved() {
    return movedByEnded.get()
        + running.values().stream().mapToLong(RunningOperation::bytesMovedHere).sum();
  }

  private Stream<RunningOperation> runningOn(String volume) {
    return running.values().stream().filter(live -> live.volume().equals(volume));
  }

  /** Stops all operations where they can go on later, and returns when they have stopped. */
  public void stop() throws InterruptedException {
    stopped.set(true);
    stopping.open();
    for (RunningOperation live : running.values()) live.stop(RunningOperation.Stop.SERVER);
    for (RunningOperation live : running.values()) live.awaitOver();
  }

  private void run(String volume, LedgerEntry entry) {
    RunningOperation live = new RunningOperation(time, volume, entry);
    running.put(entry.operation(), live);
    time.fork(entry.operation(), () -> attempts.untilOver(live, () -> ended(live)));
    time.fork("record " + entry.operation(), () -> attempts.recordProgress(live));
  }

  private void ended(RunningOperation live) {
    movedByEnded.addAndGet(live.bytesMovedHere());
    running.remove(live.operation());
  }

  private void parkUnwatched() {
    try {
      while (!stopped.get()) {
        stopping.await(PARK_AFTER.dividedBy(10));
        for (RunningOperation live : running.values()) {
          if (!live.watchedSince(time.now().minus(PARK_AFTER)))
            live.stop(RunningOperation.Stop.PARKED);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
