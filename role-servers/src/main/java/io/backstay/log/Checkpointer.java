package io.backstay.log;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wlog.SuperSector;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The thread that lets the log be overwritten (rule L4). Each step is durable before the next:
 *
 * <pre>
 *   all log below L is applied
 *   flush the data device
 *   super sector with written = L at its second place, flush; at its first, flush
 *   log below oldest may be overwritten
 * </pre>
 *
 * <p>What oldest is, up to written, says {@link Retention}: log that was sent is let go of as far
 * as it is below written already. The data device is flushed for that only where the log has little
 * room left, else by the interval: what is written again and again reaches the disk once.
 */
final class Checkpointer implements Runnable {
  private final ReentrantLock storing = new ReentrantLock();
  private final Tail tail;
  private final LogDevice log;
  private final BlockDevice data;
  private final Retention retention;
  private final Duration interval;
  private final Time time;
  private volatile boolean stopped;

  /**
   * @param interval how often the data device is flushed, at least
   */
  Checkpointer(
      Tail tail,
      LogDevice log,
      BlockDevice data,
      Retention retention,
      Duration interval,
      Time time) {
    this.tail = tail;
    this.log = log;
    this.data = data;
    this.retention = retention;
    this.interval = interval;
    this.time = time;
  }

  @Override
  public void run() {
    Gate wanted = tail.gates().room();
    long due = time.nanos() + interval.toNanos();
    try {
      while (!stopped && tail.failure().isEmpty()) {
        wanted.await(Duration.ofNanos(Math.max(0, due - time.nanos())));
        if (stopped) return;
        if (time.nanos() - due >= 0 || tail.position().wantsCheckpoint()) {
          due = time.nanos() + interval.toNanos();
          checkpoint();
        } else {
          letGo();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** No checkpoint begins any more. */
  void stop() {
    stopped = true;
    tail.gates().room().open();
  }

  void checkpoint() {
    moveTo(tail::appliedLsid);
  }

  /** Log that nobody needs any more, of what is on the data device. */
  private void letGo() {
    moveTo(() -> log.stored().writtenLsid());
  }

  /** Nothing where a device failed: its next flush may succeed and mean nothing (rule L4). */
  private void moveTo(LongSupplier written) {
    storing.lock();
    try {
      if (tail.failure().isEmpty()) moveTo(written.getAsLong());
    } catch (IOException e) {
      // What is stored as written stays; the next process applies the log again from there (L4).
      tail.fail(e);
    } finally {
      storing.unlock();
    }
  }

  private void moveTo(long written) throws IOException {
    SuperSector before = log.stored();
    if (written != before.writtenLsid()) flushData();
    int needed = LogRing.packBlocksMax(tail.memory().blocks()) + 1;
    long oldest = retention.oldest(before.oldestLsid(), written, tail.position(), needed);
    if (written != before.writtenLsid() || oldest != before.oldestLsid())
      store(before.withLsids(oldest, written));
  }

  private void flushData() throws IOException {
    tail.memory().doubt(TailMemory.Doubt.DATA);
    data.flush();
    tail.memory().settle(TailMemory.Doubt.DATA);
  }

  /** Rule L4: durable before a block below oldest is overwritten. */
  private void store(SuperSector sector) throws IOException {
    log.store(sector);
    tail.released(sector.oldestLsid(), sector.writtenLsid());
  }

  /** The log goes on in another session, with everything below it on the data device. */
  void begin(SuperSector session) throws IOException {
    storing.lock();
    try {
      store(session);
    } finally {
      storing.unlock();
    }
  }

  /** The volume has so many sectors from now on; its data device has them already (rule L9). */
  void grow(long sectors) throws IOException {
    storing.lock();
    try {
      if (tail.failure().isPresent())
        throw new IOException(
            "a device failed before: " + tail.failure().get().getMessage(), tail.failure().get());
      flushData();
      log.store(log.stored().withVolumeSectors(sectors));
    } catch (IOException e) {
      // As with any flush, what it covered may be lost; and it is not known which size is durable.
      tail.fail(e);
      throw e;
    } finally {
      storing.unlock();
    }
  }
}
