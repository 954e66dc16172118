package io.backstay.log;

import io.backstay.seam.Gate;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Group commit: the thread that makes the log durable. One write and one flush serve everybody who
 * waits at that moment (rule L3); who comes while they run is served by the next.
 *
 * <pre>
 *   take the packs that are complete, and complete the open one
 *   put their headers in front of their bytes, in the tail
 *   write them to the ring, straight from the tail
 *   flush
 *   tell the tail: those who wait are answered, the applier may go on
 * </pre>
 *
 * <p>For a client that flushes after each write the first three steps are done while its flush is
 * still on the way.
 */
final class LogWriter implements Runnable {
  /** How long writes that nobody waits for are gathered: the log's part of their latency is 0. */
  private static final Duration GATHER = Duration.ofMillis(20);

  private static final Duration IDLE = Duration.ofSeconds(10);
  private static final int WRITE_BLOCKS_MAX = 2 * LogRing.PACK_BLOCKS_MAX;

  private final Tail tail;
  private final LogDevice log;
  private final Cutter cutter;
  private final Headers headers;
  private final Gate work;

  /** On the device, not flushed. */
  private final List<PackQueue.Batch> written = new ArrayList<>();

  /** A flush was the last that was wanted, so after the next write there will be one again. */
  private boolean ahead;

  /**
   * @param cutter hears of all packs that are durable
   */
  LogWriter(Tail tail, LogDevice log, Cutter cutter) {
    this.tail = tail;
    this.log = log;
    this.cutter = cutter;
    this.headers = new Headers(tail.memory(), () -> log.stored().salt());
    this.work = tail.gates().log();
  }

  @Override
  public void run() {
    try {
      while (!tail.isStoppedAndWritten()) {
        Demand demand = tail.demand();
        switch (demand) {
          case NONE -> work.await(IDLE);
          case SOON -> {
            if (ahead) writeNext();
            else if (!work.await(GATHER)) commit();
          }
          case FLUSH, NOW -> commit();
        }
        if (demand != Demand.NONE) ahead = demand == Demand.FLUSH;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      // Never flushed again into success: the next process writes it again and compares (rule L3).
      tail.fail(e);
    }
  }

  private void commit() throws IOException {
    writeNext();
    if (written.isEmpty()) return;
    log.flush();
    for (PackQueue.Batch batch : written) {
      tail.durable(batch);
      cutter.durable(batch.packs());
    }
    written.clear();
  }

  private void writeNext() throws IOException {
    Optional<PackQueue.Batch> next = tail.take();
    if (next.isEmpty()) return;
    PackQueue.Batch batch = next.get();
    for (PackQueue.Pack pack : batch.packs()) headers.put(pack.lsid(), pack.entries());
    write(tail.memory(), log, batch.lsid(), batch.endLsid());
    written.add(batch);
  }

  /** Not durable before a flush. */
  static void write(TailMemory memory, LogDevice log, long from, long to) throws IOException {
    for (long lsid = from; lsid < to; ) {
      int contiguous = Math.min(memory.contiguousBlocks(lsid), WRITE_BLOCKS_MAX);
      int count = (int) Math.min(to - lsid, contiguous);
      log.write(lsid, memory.blocks(lsid, count));
      lsid += count;
    }
  }
}
