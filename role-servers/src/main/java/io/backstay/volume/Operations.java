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
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
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
 * <p><b>The thread of an operation</b> makes attempt after attempt until the role concludes,
 * refuses for good, or somebody asks it to stop. Nobody needs to watch it: losing the watcher stops
 * nothing for {@link #PARK_AFTER}.
 *
 * <p><b>A restart</b> resumes every entry that is RUNNING ({@link #resume}), from the progress that
 * is durable.
 */
public final class Operations<M extends VolumeMetadata<M>> {
  /** Unwatched for so long, an operation parks (rule K3). */
  static final Duration PARK_AFTER = Duration.ofMinutes(30);

  private static final Duration RETRY_MIN = Duration.ofMillis(250);
  private static final Duration RETRY_MAX = Duration.ofSeconds(10);
  private static final Duration RECORD_EVERY = Duration.ofSeconds(1);
  private static final Logger LOG = LoggerFactory.getLogger(Operations.class);

  private final String server;
  private final Time time;
  private final VolumeStore<M> store;
  private final OperationRole<M> role;
  private final Map<String, RunningOperation> running = new ConcurrentSkipListMap<>();
  private final Map<String, ReentrantLock> doors = new ConcurrentHashMap<>();
  private final Gate stopping;
  private volatile boolean stopped;

  public Operations(String server, Time time, VolumeStore<M> store, OperationRole<M> role) {
    this.server = server;
    this.time = time;
    this.store = store;
    this.role = role;
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
      record(start.volume(), again);
      run(start.volume(), again);
    }
    return watch(start.volume(), start.operation());
  }

  private OperationReport begin(Command.Start start)
      throws RefusedException, IOException, InterruptedException {
    fence(start);
    if (start.epoch() > 0) supersede(start.volume(), start.epoch());
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

  /** Asks it to stop and waits until it has. What is over stays as it is. */
  public OperationReport cancel(String volume, String operation)
      throws RefusedException, IOException, InterruptedException {
    RunningOperation live = running.get(operation);
    if (live != null) {
      live.stop(RunningOperation.Stop.CANCELLED);
      live.awaitOver();
    }
    LedgerEntry entry =
        store.get(volume).ledger().find(operation).orElseThrow(() -> unknown(volume, operation));
    if (entry.state() == State.PARKED) giveUp(volume, entry.with(State.CANCELLED, time.now()));
    return watch(volume, operation);
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

  private Stream<RunningOperation> runningOn(String volume) {
    return running.values().stream().filter(live -> live.volume().equals(volume));
  }

  /** Stops all operations where they can go on later, and returns when they have stopped. */
  public void stop() throws InterruptedException {
    stopped = true;
    stopping.open();
    for (RunningOperation live : running.values()) live.stop(RunningOperation.Stop.SERVER);
    for (RunningOperation live : running.values()) live.awaitOver();
  }

  private void run(String volume, LedgerEntry entry) {
    RunningOperation live = new RunningOperation(time, volume, entry);
    running.put(entry.operation(), live);
    time.fork(entry.operation(), () -> attemptUntilOver(live));
    time.fork("record " + entry.operation(), () -> recordProgress(live));
  }

  private void attemptUntilOver(RunningOperation live) {
    try {
      Duration delay = RETRY_MIN;
      while (true) {
        long before = live.current().progress().bytesDone();
        try {
          live.checkpoint();
          conclude(live, role.attempt(live));
          return;
        } catch (RefusedException e) {
          if (live.stopped().isPresent()
              || e.refusal().code().advice() != RefusalCode.Advice.RETRY) {
            end(live, e.refusal());
            return;
          }
          LOG.warn("{}: {} {}", live.operation(), e.refusal().message(), e.refusal().found());
          live.waitFor(e.refusal().message(), delay);
        } catch (IOException | RuntimeException e) {
          if (live.stopped().isPresent()) {
            end(
                live,
                Refusal.of(
                    RefusalCode.SUPERSEDED, "a run with a higher epoch took the volume over"));
            return;
          }
          LOG.warn(
              "{}: {}", live.operation(), e.toString(), e instanceof RuntimeException ? e : null);
          live.waitFor(String.valueOf(e.getMessage()), delay);
        }
        boolean moved = live.current().progress().bytesDone() > before;
        delay = moved ? RETRY_MIN : longer(delay);
      }
    } catch (IOException e) {
      LOG.error(
          "{} cannot record its end; the next start of this server goes on with it",
          live.operation(),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      running.remove(live.operation());
      live.over();
    }
  }

  private static Duration longer(Duration delay) {
    Duration twice = delay.multipliedBy(2);
    return twice.compareTo(RETRY_MAX) > 0 ? RETRY_MAX : twice;
  }

  /** The result and its effect become durable together. */
  private void conclude(RunningOperation live, OperationRole.Conclusion<M> conclusion)
      throws IOException {
    LedgerEntry done = live.current().done(conclusion.result(), time.now());
    store.update(
        live.volume(),
        before -> {
          M after = conclusion.effect().on(before);
          return after.with(after.ledger().with(done, time.now()));
        });
    LOG.info("{} is done: {}", live.operation(), conclusion.result());
    conclusion.cleanup().run();
  }

  private void end(RunningOperation live, Refusal refusal) throws IOException {
    RunningOperation.Stop why = live.stopped().orElse(null);
    LedgerEntry now = live.current();
    if (why == RunningOperation.Stop.SERVER) {
      record(live.volume(), now);
    } else if (why == RunningOperation.Stop.PARKED) {
      LedgerEntry parked = now.with(State.PARKED, time.now());
      store.update(
          live.volume(),
          before -> {
            M after = role.parked(before, parked);
            return after.with(after.ledger().with(parked, time.now()));
          });
    } else if (why == RunningOperation.Stop.CANCELLED) {
      giveUp(live.volume(), now.with(State.CANCELLED, time.now()));
    } else {
      giveUp(live.volume(), now.refused(refusal, time.now()));
    }
    LOG.info(
        "{} ends: {} {}",
        live.operation(),
        why == null ? refusal.code().word() : why,
        refusal.message());
  }

  private void giveUp(String volume, LedgerEntry ended) throws IOException {
    store.update(
        volume,
        before -> {
          M after = role.givenUp(before, ended);
          return after.with(after.ledger().with(ended, time.now()));
        });
  }

  private void record(String volume, LedgerEntry entry) throws IOException {
    store.update(volume, before -> before.with(before.ledger().with(entry, time.now())));
  }

  /** Keeps the ledger's byte counts near the truth, so that they mean something after a restart. */
  private void recordProgress(RunningOperation live) {
    LedgerEntry.Progress recorded = live.entry().progress();
    try {
      while (running.get(live.operation()) == live && !stopped) {
        time.sleep(RECORD_EVERY);
        LedgerEntry now = live.current();
        if (now.progress().equals(recorded)) continue;
        recorded = now.progress();
        recordIfRunning(live, now);
      }
    } catch (IOException e) {
      LOG.warn("{}: its progress cannot be recorded: {}", live.operation(), e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void recordIfRunning(RunningOperation live, LedgerEntry now) throws IOException {
    store.update(
        live.volume(),
        before -> {
          boolean open =
              before
                  .ledger()
                  .find(live.operation())
                  .filter(e -> e.state() == State.RUNNING)
                  .isPresent();
          return open ? before.with(before.ledger().with(now, time.now())) : before;
        });
  }

  private void parkUnwatched() {
    try {
      while (!stopped) {
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
