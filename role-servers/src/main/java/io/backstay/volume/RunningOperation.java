package io.backstay.volume;

import io.backstay.image.Transfer;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * An operation while its thread lives: what it has done so far, what it waits for, and how it is
 * asked to stop. It stops only where it asks ({@link #checkpoint}) or where the thing it waits on
 * is closed ({@link #whenStopped}), never in the middle of a write.
 */
public final class RunningOperation implements Transfer {
  /** Why an operation is asked to stop before its end. */
  enum Stop {
    CANCELLED,
    SUPERSEDED,
    PARKED,
    /** The server stops: the entry stays RUNNING and the next process resumes it. */
    SERVER
  }

  private final Time time;
  private final String volume;
  private final Gate wake;
  private final LedgerEntry entry;
  private Instant watched;
  private long done;
  private long total;
  private long sent;
  private long resent;
  private long movedUpTo;
  private Optional<Long> startedAt;
  private Instant lastProgress;
  private String step = "starting";
  private Optional<String> waiting = Optional.empty();
  private Instant waitingSince = Instant.EPOCH;
  private Optional<Stop> stop = Optional.empty();
  private boolean serverStops;
  private Optional<AutoCloseable> interruptible = Optional.empty();
  private final CountDownLatch over = new CountDownLatch(1);

  RunningOperation(Time time, String volume, LedgerEntry entry) {
    this.time = time;
    this.volume = volume;
    this.entry = entry;
    this.done = entry.progress().bytesDone();
    this.total = entry.progress().bytesTotal();
    this.sent = entry.progress().bytesSent();
    this.resent = entry.progress().bytesResent();
    this.movedUpTo = entry.progress().movedUpTo();
    this.startedAt = entry.progress().startedAt();
    this.lastProgress = entry.changed();
    this.watched = time.now();
    this.wake = time.gate();
  }

  public String operation() {
    return entry.operation();
  }

  public String volume() {
    return volume;
  }

  public LedgerEntry entry() {
    return entry;
  }

  /** The entry with the progress that was made up to now. */
  synchronized LedgerEntry current() {
    return entry.with(
        new LedgerEntry.Progress(done, total, sent, resent, movedUpTo, startedAt), lastProgress);
  }

  public synchronized long bytesSent() {
    return sent;
  }

  /** Payload bytes that this process moved, without what the ledger had of earlier ones. */
  synchronized long bytesMovedHere() {
    return sent - entry.progress().bytesSent();
  }

  public synchronized long bytesResent() {
    return resent;
  }

  /** What is being done now, in words. */
  public synchronized void step(String now, long bytesTotal) {
    step = now;
    total = bytesTotal;
  }

  /** Where the first attempt of this operation began. */
  public synchronized long startedAt() {
    return startedAt.orElse(0L);
  }

  /** An attempt begins here: everything below is durable. */
  public synchronized void beginAt(long offset) {
    if (startedAt.isEmpty()) startedAt = Optional.of(offset);
    movedUpTo = Math.max(movedUpTo, offset);
    done = offset;
    waiting = Optional.empty();
  }

  @Override
  public synchronized void moved(long upTo, long bytes) {
    sent += bytes;
    if (upTo <= movedUpTo) resent += bytes;
    movedUpTo = Math.max(movedUpTo, upTo);
  }

  @Override
  public synchronized void durable(long upTo) {
    if (upTo == done) return;
    done = upTo;
    lastProgress = time.now();
    waiting = Optional.empty();
  }

  @Override
  public synchronized void checkpoint() throws RefusedException {
    if (stop.isEmpty()) return;
    throw new RefusedException(
        switch (stop.get()) {
          case CANCELLED, PARKED, SERVER ->
              Refusal.of(RefusalCode.CANCELLED, "the operation was asked to stop: " + stop.get());
          case SUPERSEDED ->
              Refusal.of(RefusalCode.SUPERSEDED, "a run with a higher epoch took the volume over")
                  .attempted(operation());
        });
  }

  /** Closes this when the operation is asked to stop, at once if it was already. One at a time. */
  public void whenStopped(AutoCloseable closeable) {
    boolean now;
    synchronized (this) {
      interruptible = Optional.of(closeable);
      now = stop.isPresent();
    }
    if (now) close(closeable);
  }

  void stop(Stop why) {
    Optional<AutoCloseable> closeable;
    synchronized (this) {
      serverStops |= why == Stop.SERVER;
      closeable = stop.isPresent() ? Optional.empty() : interruptible;
      if (stop.isEmpty()) stop = Optional.of(why);
    }
    wake.open();
    closeable.ifPresent(RunningOperation::close);
  }

  private static void close(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      // It is closed to wake whoever waits on it; what it says meanwhile tells nobody anything.
    }
  }

  /** Whether the server stops, whatever else the operation was asked before. */
  synchronized boolean serverStops() {
    return serverStops;
  }

  synchronized Optional<Stop> stopped() {
    return stop;
  }

  /** Says what it waits for and waits, until the time is over or it is asked to stop. */
  void waitFor(String cause, Duration delay) throws InterruptedException {
    synchronized (this) {
      Instant since =
          waiting.isPresent() && waiting.get().endsWith(cause)
              ? waitingSince
              : time.now().truncatedTo(ChronoUnit.SECONDS);
      waitingSince = since;
      waiting = Optional.of("since %s: %s".formatted(since, cause));
    }
    wake.await(delay);
  }

  synchronized void watched() {
    watched = time.now();
  }

  synchronized boolean watchedSince(Instant moment) {
    return watched.isAfter(moment);
  }

  synchronized String step() {
    return step;
  }

  synchronized Optional<String> waiting() {
    return waiting;
  }

  void over() {
    over.countDown();
  }

  boolean isOver() {
    return over.getCount() == 0;
  }

  void awaitOver() throws InterruptedException {
    over.await();
  }
}
