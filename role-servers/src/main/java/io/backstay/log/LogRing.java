package io.backstay.log;

import io.backstay.wlog.LogLayout;
import io.backstay.wlog.PackHeader;
import java.util.Optional;

/**
 * Where the next record of the log goes: the ring as numbers, without a device.
 *
 * <p>The log is an endless row of blocks of 4 KiB, numbered by <i>lsid</i>. The device holds a
 * window of it, block {@code lsid mod ringBlocks}:
 *
 * <pre>
 *        oldest           written             durable            latest
 *          |  kept for the  |  redone after a   |  in the tail     |     room      |  always zero or
 *   -------+  backup        +  loss of power    +  only            +---------------+  of an older lap
 *          |                |                   |                  |               |
 *          |<------------ at most ringBlocks - tailBlocks ------------------------>|<- tailBlocks ->|
 * </pre>
 *
 * <p>Blocks come in <i>packs</i>: a header of one block, then the data of its records. A pack takes
 * at most {@link #PACK_BLOCKS_MAX} blocks (rule M1) and {@link #PACK_RECORDS_MAX} records. A pack
 * may wrap at the end of the ring, the data of one record may not: then a padding record fills what
 * is left of the lap. A pack is <i>open</i> until somebody wants it written; an open pack has its
 * place but no header yet.
 *
 * <p>The last {@code tailBlocks} blocks before the ring closes stay free for ever (rule L5): that
 * is how far a lost future can reach, and redo clears as much behind the end that it finds.
 *
 * <p>Not thread-safe: {@link Tail} guards it.
 */
final class LogRing {
  static final int BLOCK_BYTES = LogLayout.LARGE_BLOCK_BYTES;

  /** The ring holds so many tails at least, of which one is always free. */
  static final int RING_TAILS_MIN = 4;

  /** Header included: 4 MiB. */
  static final int PACK_BLOCKS_MAX = 1024;

  /** What fits into a header of 4 KiB. */
  static final int PACK_RECORDS_MAX = PackHeader.recordsMax(BLOCK_BYTES);

  /** Longer writes are cut into records of this size (rule L7). */
  static final int RECORD_BYTES_MAX = 1 << 20;

  /** The longest range of one discard record; longer ones are cut. */
  static final long DISCARD_BYTES_MAX = 1L << 30;

  private final LogLayout layout;
  private final long ringBlocks;
  private final int tailBlocks;
  private final int packBlocksMax;
  private long oldest;
  private long written;
  private long latest;
  private Optional<OpenPack> open = Optional.empty();

  /** The pack that still takes records. */
  private static final class OpenPack {
    final long lsid;
    int records;
    boolean padded;

    OpenPack(long lsid) {
      this.lsid = lsid;
    }
  }

  /**
   * Where a record goes.
   *
   * @param newPack whether its pack begins with it
   * @param paddingBlocks blocks of padding in front of it, 0 for none
   */
  record Place(long pack, boolean newPack, long paddingLsid, int paddingBlocks, long lsid) {}

  /**
   * @param ringBlocks at least four times the tail
   */
  LogRing(long ringBlocks, int tailBlocks, long oldest, long written, long latest) {
    if (ringBlocks < (long) RING_TAILS_MIN * tailBlocks) {
      throw new IllegalArgumentException(
          "a ring of %d blocks with a tail of %d: it has at least %d times as many"
              .formatted(ringBlocks, tailBlocks, RING_TAILS_MIN));
    }
    if (oldest > written || written > latest || latest - oldest > ringBlocks - tailBlocks) {
      throw new IllegalArgumentException(
          "oldest %d, written %d and latest %d do not fit a ring of %d blocks with a tail of %d"
              .formatted(oldest, written, latest, ringBlocks, tailBlocks));
    }
    this.layout = new LogLayout(BLOCK_BYTES, 0, ringBlocks);
    this.ringBlocks = ringBlocks;
    this.tailBlocks = tailBlocks;
    this.packBlocksMax = packBlocksMax(tailBlocks);
    this.oldest = oldest;
    this.written = written;
    this.latest = latest;
  }

  /** A pack takes a fourth of the tail at most. */
  static int packBlocksMax(int tailBlocks) {
    return Math.min(PACK_BLOCKS_MAX, tailBlocks / 4);
  }

  /** Bytes of one record: half a pack at most (rule L7). */
  static int recordBytesMax(int tailBlocks) {
    return Math.min(RECORD_BYTES_MAX, packBlocksMax(tailBlocks) / 2 * BLOCK_BYTES);
  }

  static int blocksFor(long lengthBytes) {
    return (int) ((lengthBytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
  }

  /**
   * The place that a record of so many data blocks would get.
   *
   * @param dataBlocks 0 for a discard
   */
  Place place(int dataBlocks) {
    if (open.isPresent()) {
      OpenPack pack = open.get();
      int padding = padding(latest, dataBlocks);
      int records = pack.records + (padding > 0 ? 2 : 1);
      long blocks = latest + padding + dataBlocks - pack.lsid;
      boolean fits =
          records <= PACK_RECORDS_MAX && blocks <= packBlocksMax && !(padding > 0 && pack.padded);
      if (fits) return new Place(pack.lsid, false, latest, padding, latest + padding);
    }
    long first = latest + 1;
    int padding = padding(first, dataBlocks);
    return new Place(latest, true, first, padding, first + padding);
  }

  private int padding(long lsid, int dataBlocks) {
    return (int) layout.paddingBlocks(lsid, dataBlocks);
  }

  /** Whether the blocks up to there are free (rules L5, L6). */
  boolean hasRoom(long endLsid) {
    return endLsid - oldest <= ringBlocks - tailBlocks;
  }

  /** The record stands at its place. */
  void take(Place place, int dataBlocks) {
    if (place.newPack()) open = Optional.of(new OpenPack(place.pack()));
    OpenPack pack = open.orElseThrow();
    pack.records += place.paddingBlocks() > 0 ? 2 : 1;
    pack.padded |= place.paddingBlocks() > 0;
    latest = place.lsid() + dataBlocks;
  }

  /** The open pack takes no more records; what follows begins a new one. */
  void closePack() {
    open = Optional.empty();
  }

  /** The super sector holds these now: log below oldest may be overwritten. */
  void release(long newOldest, long newWritten) {
    if (newOldest < oldest || newWritten < written || newOldest > newWritten || newWritten > latest)
      throw new IllegalArgumentException(
          "oldest %d and written %d after oldest %d, written %d, latest %d"
              .formatted(newOldest, newWritten, oldest, written, latest));
    oldest = newOldest;
    written = newWritten;
  }

  /** The next lsid to be given. */
  long latest() {
    return latest;
  }

  LogPosition position(long durable, boolean full) {
    return new LogPosition(oldest, written, durable, latest, capacityBlocks(), full);
  }

  /** Most blocks that the log may hold. */
  long capacityBlocks() {
    return ringBlocks - tailBlocks;
  }
}
