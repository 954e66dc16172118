package io.backstay.log;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.Gate;
import io.backstay.wlog.SuperSector;
import java.io.IOException;
import java.time.Duration;

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
 * <p>Without a protecting archive oldest follows written (rule M2: the local session).
 */
final class Checkpointer implements Runnable {
  private final Tail tail;
  private final LogDevice log;
  private final BlockDevice data;
  private final Duration interval;
  private volatile boolean stopped;

  Checkpointer(Tail tail, LogDevice log, BlockDevice data, Duration interval) {
    this.tail = tail;
    this.log = log;
    this.data = data;
    this.interval = interval;
  }

  @Override
  public void run() {
    Gate wanted = tail.gates().room();
    try {
      while (!stopped && tail.failure().isEmpty()) {
        wanted.await(interval);
        if (!stopped) checkpoint();
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

  /** Nothing where a device failed: its next flush may succeed and mean nothing (rule L4). */
  void checkpoint() {
    if (tail.failure().isPresent()) return;
    long applied = tail.appliedLsid();
    SuperSector before = log.stored();
    if (applied == before.writtenLsid() && before.oldestLsid() == applied) return;
    try {
      // Where this fails written stays; the next process applies the log again from there (L4).
      tail.memory().doubt(TailMemory.Doubt.DATA);
      data.flush();
      tail.memory().settle(TailMemory.Doubt.DATA);
      log.store(before.withLsids(applied, applied));
      tail.released(applied, applied);
    } catch (IOException e) {
      tail.fail(e);
    }
  }
}
