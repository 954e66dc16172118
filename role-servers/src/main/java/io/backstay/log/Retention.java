package io.backstay.log;

import io.backstay.model.OnLogFull;
import io.backstay.seam.Time;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much of the log is kept.
 *
 * <pre>
 *   local session      what is not on the data device yet                  (rule M2)
 *   protected session  what was not released yet, too                      (rules L4, M2)
 *   ring full          overflow: as in a local session, from then on; or
 *                      block: as it was, and writers wait                  (rule L6)
 * </pre>
 */
final class Retention {
  private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

  /** Of the log's room; with less the log is full, so that nobody waits while it is given up. */
  private static final int RESERVE_PARTS = 32;

  private final String volume;
  private final Cuts cuts;
  private final Cutter cutter;
  private final Time time;
  private volatile OnLogFull onFull;
  private volatile long released;

  Retention(String volume, Cuts cuts, Cutter cutter, OnLogFull onFull, Time time) {
    this.volume = volume;
    this.cuts = cuts;
    this.cutter = cutter;
    this.onFull = onFull;
    this.time = time;
  }

  /** What happens from now on when the log is full. */
  void onFull(OnLogFull now) {
    onFull = now;
  }

  /** Log below is not needed any more. */
  void release(long lsid) {
    released = Math.max(released, lsid);
  }

  /**
   * What oldest is to be, with a stored written of that. Where log is given up the mark of that is
   * durable when it returns.
   *
   * @param stored what it is
   * @param needed blocks that must be free for any writer to go on
   */
  long oldest(long stored, long written, LogPosition now, long needed) {
    if (!cuts.isProtecting()) return written;
    long wanted = Math.max(stored, Math.min(released, written));
    long free = now.capacityBlocks() - (now.latest() - wanted);
    boolean full = free < Math.max(needed, now.capacityBlocks() / RESERVE_PARTS);
    if (!full || wanted == written || onFull == OnLogFull.BLOCK) {
      cuts.forgetBelow(wanted);
      return wanted;
    }
    return giveUp(wanted, written);
  }

  private long giveUp(long wanted, long written) {
    try {
      cutter.endWith(() -> cuts.overflow(wanted, time.now()));
      LOG.error(
          "volume {}: its log is full, {} blocks from lsid {} on are given up before an archive had them: it is not protected until it is backed up in full",
          volume,
          written - wanted,
          wanted);
      return written;
    } catch (IOException e) {
      LOG.error("volume {}: its log is full, and the mark of that is not durable yet", volume, e);
      return wanted;
    }
  }
}
