package io.backstay.volume;

import io.backstay.model.OperationReport.State;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Delays;
import io.backstay.seam.Time;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of one operation between its ledger entry and its end: attempt after attempt, with
 * growing delays while nothing moves, and an end that is committed together with its effect (rule
 * K3).
 */
final class Attempts<M extends VolumeMetadata<M>> {
  private static final Duration RETRY_MIN = Duration.ofMillis(250);
  private static final Duration RETRY_MAX = Duration.ofSeconds(10);
  private static final Duration RECORD_EVERY = Duration.ofSeconds(1);
  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  private final Time time;
  private final VolumeStore<M> store;
  private final OperationRole<M> role;

  Attempts(Time time, VolumeStore<M> store, OperationRole<M> role) {
    this.time = time;
    this.store = store;
    this.role = role;
  }

  /**
   * Makes attempt after attempt until the operation is over or stopped.
   *
   * @param ended run when it is over, before those who wait for that are told
   */
  void untilOver(RunningOperation live, Runnable ended) {
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
        delay = moved ? RETRY_MIN : Delays.longer(delay, RETRY_MAX);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      ended.run();
      live.over();
    }
  }

  /** The result and its effect become durable together. */
  private void conclude(RunningOperation live, OperationRole.Conclusion<M> conclusion)
      throws RefusedException, IOException {
    LedgerEntry done = live.current().done(conclusion.result(), time.now());
    store.change(
        live.volume(),
        before -> {
          M after = conclusion.effect().on(before);
          return after.with(after.ledger().with(done, time.now()));
        });
    LOG.info("{} is done: {}", live.operation(), conclusion.result());
    conclusion.cleanup().run();
  }

  /**
   * Tries until the end is recorded: nobody else would ever end the operation. Only a server that
   * stops leaves that to the next one.
   */
  private void end(RunningOperation live, Refusal refusal) throws InterruptedException {
    for (Duration delay = RETRY_MIN; ; delay = Delays.longer(delay, RETRY_MAX)) {
      try {
        recordEnd(live, refusal);
        return;
      } catch (IOException e) {
        LOG.warn("{} cannot record its end: {}", live.operation(), e.toString());
        if (live.serverStops()) return;
        live.waitFor("its end cannot be recorded: " + e.getMessage(), delay);
      }
    }
  }

  private void recordEnd(RunningOperation live, Refusal refusal) throws IOException {
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

  /** The operation ends without a result, and what it held is given up in the same write. */
  void giveUp(String volume, LedgerEntry ended) throws IOException {
    store.update(
        volume,
        before -> {
          M after = role.givenUp(before, ended);
          return after.with(after.ledger().with(ended, time.now()));
        });
  }

  void record(String volume, LedgerEntry entry) throws IOException {
    store.update(volume, before -> before.with(before.ledger().with(entry, time.now())));
  }

  /** Keeps the ledger's byte counts near the truth, so that they mean something after a restart. */
  void recordProgress(RunningOperation live) {
    LedgerEntry.Progress recorded = live.entry().progress();
    try {
      while (!live.isOver()) {
        time.sleep(RECORD_EVERY);
        LedgerEntry now = live.current();
        if (now.progress().equals(recorded)) continue;
        try {
          recordIfRunning(live, now);
          recorded = now.progress();
        } catch (IOException e) {
          LOG.warn("{}: its progress cannot be recorded: {}", live.operation(), e.toString());
        }
      }
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
}
