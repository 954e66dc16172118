package io.backstay.log;

import io.backstay.model.Cut;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the cuts of a volume (rule M1). A cut has three moments:
 *
 * <pre>
 *   placed    at the end of the log as it is now (by timer, or because somebody asked), or behind
 *             the pack with which 32 MiB have passed since the last one
 *   due       the log is durable up to there
 *   recorded  it has its gid and is durable in the file of cuts: only now anybody hears of it
 * </pre>
 *
 * <p>{@link LogWriter}'s thread tells of each pack, so no cut by size comes late, whatever this
 * thread does. This thread places cuts by timer and records those that are due, all at once.
 *
 * <p>A cut's time is taken together with its place, while nothing can be appended, so it is never
 * after the first write behind it (rule M4).
 */
final class Cutter implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Cutter.class);

  /** While so many are kept, none are made by timer: their log is not sent for long. */
  private static final int KEPT_MAX = 1 << 16;

  /** Most who wait for a cut at a time. */
  private static final int ASKED_MAX = 1024;

  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final ReentrantLock lock = new ReentrantLock();

  /** Taken before the other one: no session ends while its cuts are being recorded. */
  private final ReentrantLock recording = new ReentrantLock();

  private final String volume;
  private final Tail tail;
  private final Cuts cuts;
  private final LongSupplier volumeBytes;
  private final Time time;
  private final long sizeBlocks;
  private final Gate work;
  private final Gate recorded;
  private final ArrayDeque<Placed> placed = new ArrayDeque<>();
  private final ArrayDeque<Placed> due = new ArrayDeque<>();

  private boolean active;
  private long newestLsid;
  private long newestNanos;
  private long durableLsid;
  private Optional<Instant> firstWrite = Optional.empty();
  private long retryNanos;
  private volatile Duration interval;
  private volatile boolean stopped;

  /**
   * @param volumeBytes size of the volume now: what was written before it is asked lies below
   */
  Cutter(
      String volume,
      Tail tail,
      Cuts cuts,
      Time time,
      LogSettings settings,
      LongSupplier volumeBytes) {
    this.volume = volume;
    this.tail = tail;
    this.cuts = cuts;
    this.volumeBytes = volumeBytes;
    this.time = time;
    this.interval = settings.cutInterval();
    this.sizeBlocks = settings.cutBlocks();
    this.work = time.gate();
    this.recorded = time.gate();
    this.retryNanos = time.nanos();
    begin();
  }

  /** Goes on from the newest cut of the session that is. No pack is on its way. */
  void begin() {
    lock.lock();
    try {
      active = cuts.isProtecting();
      durableLsid = tail.position().durable();
      newestLsid = cuts.newest().map(Cut::lsid).orElse(durableLsid);
      newestNanos = time.nanos();
      firstWrite = Optional.empty();
    } finally {
      lock.unlock();
    }
    work.open();
  }

  // ---- the log writer's thread

  /** These packs are durable. */
  void durable(List<PackQueue.Pack> packs) {
    lock.lock();
    try {
      for (PackQueue.Pack pack : packs) durable(pack);
      if (due.isEmpty()) return;
    } finally {
      lock.unlock();
    }
    work.open();
  }

  private void durable(PackQueue.Pack pack) {
    durableLsid = pack.endLsid();
    if (!active) return;
    if (pack.lsid() == newestLsid) firstWrite = Optional.of(pack.firstWrite());
    while (!placed.isEmpty() && placed.peek().lsid() == durableLsid) become(placed.poll());
    if (durableLsid - newestLsid >= sizeBlocks)
      become(
          new Placed(
              durableLsid,
              pack.closed(),
              Optional.empty(),
              new Placed.Why.Size(),
              volumeBytes.getAsLong()));
  }

  private void become(Placed cut) {
    due.add(cut.with(firstWrite));
    firstWrite = Optional.empty();
    newestLsid = cut.lsid();
    newestNanos = time.nanos();
  }

  // ---- who asks

  /**
   * A cut behind everything that was acknowledged before; waits until it is recorded.
   *
   * @throws RefusedException not-protected where the session has no cuts (rule M2)
   * @throws IOException where a device failed; then the cut may come to be or not
   */
  Cut cut(boolean explicit, Optional<String> label, Optional<String> operation)
      throws RefusedException, IOException, InterruptedException {
    CompletableFuture<Cut> answer = new CompletableFuture<>();
    place(new Placed.Why.Asked(explicit, label, operation, answer));
    try {
      return answer.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RefusedException refused -> throw refused;
        case IOException failed -> throw notMade(failed);
        default -> throw new IllegalStateException(e.getCause());
      }
    }
  }

  private IOException notMade(IOException failed) {
    return new IOException("no cut of %s: %s".formatted(volume, failed.getMessage()), failed);
  }

  private void place(Placed.Why why) throws RefusedException, IOException {
    lock.lock();
    try {
      Optional<IOException> failure = tail.failure();
      if (failure.isPresent()) throw notMade(failure.get());
      if (stopped)
        throw new RefusedException(RefusalCode.WRONG_STATE, "the volume " + volume + " is stopped");
      if (!active) throw notProtected();
      if (placed.size() + due.size() >= ASKED_MAX)
        throw new RefusedException(
            RefusalCode.ALREADY_RUNNING, "too many wait for a cut of " + volume);
      placeHere(why);
    } finally {
      lock.unlock();
    }
    work.open();
  }

  /** With the lock held. */
  private void placeHere(Placed.Why why) {
    Mark mark = tail.mark();
    Placed cut =
        new Placed(mark.lsid(), mark.time(), Optional.empty(), why, volumeBytes.getAsLong());
    if (cut.lsid() == durableLsid) become(cut);
    else placed.add(cut);
  }

  private RefusedException notProtected() {
    boolean lost = cuts.overflow().isPresent();
    return new RefusedException(
        Refusal.of(
                RefusalCode.NOT_PROTECTED,
                lost
                    ? "the log of this volume was given up when it was full, so no archive can follow it"
                    : "no archive follows the log of this volume, so a snapshot could not be restored")
            .attempted("take a snapshot of " + volume)
            .found(
                "session %d %s"
                    .formatted(cuts.session().number(), lost ? "after an overflow" : "is local"))
            .next("backstay backup full " + volume));
  }

  /** So often cuts are made by timer from now on, at least {@link LogSettings#CUT_INTERVAL_MIN}. */
  void every(Duration newInterval) {
    interval = newInterval;
    work.open();
  }

  /** Opened when there are new cuts; for the one who sends them. */
  Gate recorded() {
    return recorded;
  }

  // ---- this thread

  @Override
  public void run() {
    try {
      while (!stopped) {
        work.await(untilLook());
        if (tail.failure().isPresent()) refuseAll(tail.failure().get());
        if (time.nanos() - retryNanos >= 0) recordDue();
        placeByTimer();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration untilLook() {
    return interval.compareTo(LOOK) < 0 ? interval : LOOK;
  }

  /** A failure leaves them due, and is not repeated at once. */
  private void recordDue() {
    recording.lock();
    try {
      List<Placed> now = dueNow();
      if (!now.isEmpty()) record(now);
    } finally {
      recording.unlock();
    }
  }

  private List<Placed> dueNow() {
    lock.lock();
    try {
      return List.copyOf(due);
    } finally {
      lock.unlock();
    }
  }

  private void record(List<Placed> now) {
    try {
      List<Cut> made = cuts.record(now.stream().map(Placed::wanted).toList());
      done(now.size());
      recorded.open();
      for (int i = 0; i < made.size(); i++) {
        if (now.get(i).why() instanceof Placed.Why.Asked asked)
          asked.answer().complete(made.get(i));
      }
    } catch (IOException e) {
      retryNanos = time.nanos() + RETRY.toNanos();
      LOG.error("volume {}: {} cuts are not recorded yet", volume, now.size(), e);
      for (Placed cut : now) {
        if (cut.why() instanceof Placed.Why.Asked asked) asked.answer().completeExceptionally(e);
      }
    }
  }

  private void done(int many) {
    lock.lock();
    try {
      for (int i = 0; i < many; i++) due.poll();
    } finally {
      lock.unlock();
    }
  }

  private void placeByTimer() {
    lock.lock();
    try {
      boolean wanted =
          active
              && placed.isEmpty()
              && due.isEmpty()
              && time.nanos() - newestNanos >= interval.toNanos()
              && tail.position().latest() > newestLsid
              && tail.failure().isEmpty()
              && cuts.count() < KEPT_MAX;
      if (wanted) placeHere(new Placed.Why.Timer());
    } finally {
      lock.unlock();
    }
  }

  // ---- ends

  /**
   * As {@link #end}; false where that gid, or a later one, was given meanwhile: then it goes on.
   */
  boolean endBelow(long gid) {
    recording.lock();
    try {
      if (cuts.lastGid().orElse(-1L) >= gid) return false;
      end();
      return true;
    } finally {
      recording.unlock();
    }
  }

  /** Something that must be durable before there are no more cuts. */
  interface Ending {
    void write() throws IOException;
  }

  /** As {@link #end}, when that is durable; where it cannot be, cuts go on. */
  void endWith(Ending ending) throws IOException {
    recording.lock();
    try {
      ending.write();
      end();
    } finally {
      recording.unlock();
    }
  }

  /** The session has no more cuts; who waits for one is refused. */
  void end() {
    List<Placed> all = takeAll();
    for (Placed cut : all) {
      if (cut.why() instanceof Placed.Why.Asked asked)
        asked.answer().completeExceptionally(notProtected());
    }
  }

  private List<Placed> takeAll() {
    recording.lock();
    lock.lock();
    try {
      active = false;
      List<Placed> all = new ArrayList<>(due);
      all.addAll(placed);
      due.clear();
      placed.clear();
      return all;
    } finally {
      lock.unlock();
      recording.unlock();
    }
  }

  private void refuseAll(IOException cause) {
    for (Placed cut : takeAll()) {
      if (cut.why() instanceof Placed.Why.Asked asked) asked.answer().completeExceptionally(cause);
    }
  }

  /** Records what is due and ends its thread; no log is written any more. */
  void stop() {
    stopped = true;
    work.open();
  }

  /** After the thread ended. */
  void finish() {
    recordDue();
    refuseAll(new IOException("the volume " + volume + " was stopped"));
  }
}
