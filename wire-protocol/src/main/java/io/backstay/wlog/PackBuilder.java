package io.backstay.wlog;

import io.backstay.wlog.LogRecord.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects the records of one pack in their order and says where the data of each goes. Where a
 * write would run past the ring's end the caller adds the padding that {@link
 * LogLayout#paddingBlocks} names first. Not for several threads.
 */
public final class PackBuilder {
  private final int blockBytes;
  private final long lsid;
  private final List<LogRecord> records = new ArrayList<>();
  private int blocks;
  private boolean padded;

  public PackBuilder(int blockBytes, long lsid) {
    LogLayout.requireBlockBytes(blockBytes);
    this.blockBytes = blockBytes;
    this.lsid = lsid;
  }

  public boolean isEmpty() {
    return records.isEmpty();
  }

  /** Records there is still room for. */
  public int recordsLeft() {
    return PackHeader.recordsMax(blockBytes) - records.size();
  }

  /** Blocks of data so far. */
  public int dataBlocks() {
    return blocks;
  }

  /** Blocks of data there is still room for in any pack; a caller's own limit may be lower. */
  public int dataBlocksLeft() {
    return PackHeader.DATA_BLOCKS_MAX - blocks;
  }

  /** Where the data of the next write begins. */
  public long nextLsid() {
    return lsid + 1 + blocks;
  }

  /** Whether this pack has its padding, of which it may have one. */
  public boolean isPadded() {
    return padded;
  }

  /**
   * Adds a write.
   *
   * @param checksum of its data, with the log's salt
   * @return the lsid where its data begins
   */
  public long addWrite(long offsetSectors, int sizeSectors, int checksum) {
    return add(new LogRecord(Kind.NORMAL, checksum, offsetSectors, sizeSectors, blocks + 1));
  }

  /** Adds a discard, up to {@link LogRecord#DISCARD_SECTORS_MAX} sectors. It takes no block. */
  public long addDiscard(long offsetSectors, long sizeSectors) {
    return add(new LogRecord(Kind.DISCARD, 0, offsetSectors, sizeSectors, blocks + 1));
  }

  /**
   * Adds the padding of this pack.
   *
   * @param paddingBlocks 1 and more
   */
  public long addPadding(long paddingBlocks) {
    if (padded || paddingBlocks < 1) {
      throw new IllegalStateException(
          "a padding of %d blocks for the pack at lsid %d, which has %s: one of 1 block or more is allowed"
              .formatted(paddingBlocks, lsid, padded ? "one already" : "none"));
    }
    long sectors = paddingBlocks * (blockBytes / LogLayout.SECTOR_BYTES);
    long at = add(new LogRecord(Kind.PADDING, 0, 0, sectors, blocks + 1));
    padded = true;
    return at;
  }

  private long add(LogRecord record) {
    if (recordsLeft() == 0 || record.dataBlocks(blockBytes) > dataBlocksLeft()) {
      throw new IllegalStateException(
          "the pack at lsid %d has %d records and %d blocks, %s does not fit"
              .formatted(lsid, records.size(), blocks, record));
    }
    records.add(record);
    long at = nextLsid();
    blocks += record.dataBlocks(blockBytes);
    return at;
  }

  /**
   * @throws IllegalArgumentException if nothing was added
   */
  public PackHeader build() {
    return new PackHeader(blockBytes, lsid, records);
  }
}
