package io.backstay.wlog;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * The header of a pack: one block that says which writes and discards follow, in their order. Then
 * comes the data of its records, each from a block of its own.
 *
 * <pre>
 *  off    size  field
 *    0       4  checksum of the whole block, with the log's salt
 *    4       2  sector type, 3
 *    6       2  total io size, blocks of data behind this block
 *    8       8  lsid of this block
 *   16       2  number of records: up to 15 in a block of 512 bytes, 127 in one of 4096
 *   18       2  number of padding records, 0 or 1
 *   20       4  reserved, 0
 *   24+32i  32  record i, see {@link LogRecord}
 *    .       .  zero
 * </pre>
 *
 * <p>One record's data never wraps around the ring's end; where the next write would, a padding
 * record fills the lap ({@link LogLayout#paddingBlocks}). A pack as a whole may wrap. The next
 * pack's header stands at {@link #nextLsid()}.
 *
 * <p>A header that exists is whole: every record stands where the lengths of those before it put
 * it. Made by {@link PackBuilder}, read by {@link PackReader}.
 */
public record PackHeader(int blockBytes, long lsid, List<LogRecord> records) {
  /** Bytes before the first record. */
  public static final int SIZE_BYTES = 24;

  public static final int DATA_BLOCKS_MAX = 65535;
  static final int TYPE = 3;

  /** The lsid of the block that ends a wlog stream. */
  static final long END_LSID = -1;

  public PackHeader {
    LogLayout.requireBlockBytes(blockBytes);
    records = List.copyOf(records);
    Optional<String> fault = fault(blockBytes, lsid, records);
    if (fault.isPresent()) throw new IllegalArgumentException(fault.get());
  }

  /** The most records that fit a header: 15 or 127. */
  public static int recordsMax(int blockBytes) {
    return (blockBytes - SIZE_BYTES) / LogRecord.SIZE_BYTES;
  }

  /** What would make a header of these records invalid. */
  static Optional<String> fault(int blockBytes, long lsid, List<LogRecord> records) {
    if (records.isEmpty() || records.size() > recordsMax(blockBytes)) {
      return Optional.of(
          "%d records in a block of %d bytes, allowed are 1 to %d"
              .formatted(records.size(), blockBytes, recordsMax(blockBytes)));
    }
    int blocks = 0;
    int paddings = 0;
    for (int i = 0; i < records.size(); i++) {
      LogRecord record = records.get(i);
      if (record.lsidLocal() != blocks + 1) {
        return Optional.of(
            "record %d stands at block %d of its pack, the records before it put it at %d"
                .formatted(i, record.lsidLocal(), blocks + 1));
      }
      if (record.kind() == LogRecord.Kind.PADDING) {
        paddings++;
        if (record.sizeSectors() % (blockBytes / LogLayout.SECTOR_BYTES) != 0) {
          return Optional.of(
              "record %d is a padding of %d sectors, not of whole blocks"
                  .formatted(i, record.sizeSectors()));
        }
      }
      blocks += record.dataBlocks(blockBytes);
      if (blocks > DATA_BLOCKS_MAX) {
        return Optional.of(
            "more than %d blocks of data in one pack, from record %d on"
                .formatted(DATA_BLOCKS_MAX, i));
      }
    }
    if (paddings > 1) {
      return Optional.of("%d padding records, one pack has at most 1".formatted(paddings));
    }
    if (lsid < 0 || lsid > Long.MAX_VALUE - 1 - blocks) {
      return Optional.of(
          "a pack at lsid %s with %d blocks: its end is no lsid"
              .formatted(Long.toUnsignedString(lsid), blocks));
    }
    return Optional.empty();
  }

  /** Blocks of data behind the header. */
  public int dataBlocks() {
    LogRecord last = records.getLast();
    return last.lsidLocal() - 1 + last.dataBlocks(blockBytes);
  }

  /** Bytes of header and data. */
  public long sizeBytes() {
    return (1L + dataBlocks()) * blockBytes;
  }

  /** Where the next pack's header stands. */
  public long nextLsid() {
    return lsid + 1 + dataBlocks();
  }

  /** The lsid of a record's data. */
  public long lsidOf(LogRecord record) {
    return lsid + record.lsidLocal();
  }

  /** Padding records: 0 or 1. */
  public int paddings() {
    int count = 0;
    for (LogRecord record : records) if (record.kind() == LogRecord.Kind.PADDING) count++;
    return count;
  }

  /** The same pack with its first records only: what is kept of a torn one. */
  public PackHeader withFirst(int count) {
    return new PackHeader(blockBytes, lsid, records.subList(0, count));
  }

  /** Writes one block at the buffer's position and moves it behind. Makes no garbage. */
  public void write(ByteBuffer into, int salt) {
    int at = into.position();
    if (into.remaining() < blockBytes) {
      throw new IllegalArgumentException(
          "%d bytes are left for a header of %d".formatted(into.remaining(), blockBytes));
    }
    ByteOrder order = into.order();
    into.order(ByteOrder.LITTLE_ENDIAN);
    into.putInt(at, 0).putShort(at + 4, (short) TYPE).putShort(at + 6, (short) dataBlocks());
    into.putLong(at + 8, lsid).putShort(at + 16, (short) records.size());
    into.putShort(at + 18, (short) paddings()).putInt(at + 20, 0);
    for (int i = 0; i < records.size(); i++) records.get(i).write(into, recordAt(at, i), lsid);
    Fields.zero(into, recordAt(at, records.size()), at + blockBytes);
    into.putInt(at, WalbChecksum.of(into, at, blockBytes, salt));
    into.order(order).position(at + blockBytes);
  }

  /** Writes the block that ends a wlog stream. */
  static void writeEnd(ByteBuffer into, int blockBytes, int salt) {
    ByteBuffer out = Fields.take(into, blockBytes);
    Fields.zero(out, 0, blockBytes);
    out.putShort(4, (short) TYPE).putLong(8, END_LSID);
    out.putInt(0, WalbChecksum.of(out, 0, blockBytes, salt));
  }

  static int recordAt(int headerAt, int index) {
    return headerAt + SIZE_BYTES + index * LogRecord.SIZE_BYTES;
  }
}
