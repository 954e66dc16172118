package io.backstay.wlog;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads pack headers and believes nothing: type, checksum with the log's salt, the lsid that is
 * expected at this place, counts, and that each record stands where the lengths of those before it
 * put it. Immutable.
 *
 * @param blockBytes physical block size, 512 or 4096
 * @param salt the log's
 * @param paddings whether paddings of no length pass
 */
public record PackReader(int blockBytes, int salt, Paddings paddings) {
  /** What to think of a padding of no length. */
  public enum Paddings {
    /** Refuse it: Backstay and the walb driver never write one. */
    FILLED,
    /** Let it pass: walb's test generators write them. */
    MAY_BE_EMPTY
  }

  public PackReader {
    LogLayout.requireBlockBytes(blockBytes);
  }

  /** Reads the block at the buffer's position, which does not move. */
  public PackReading read(ByteBuffer from, long expectedLsid) {
    ByteBuffer in = from.slice(from.position(), blockBytes).order(ByteOrder.LITTLE_ENDIAN);
    int type = in.getShort(4) & 0xffff;
    if (type != PackHeader.TYPE) {
      return invalid("sector type %d, a pack's header has %d", type, PackHeader.TYPE);
    }
    int total = in.getShort(6) & 0xffff;
    int count = in.getShort(16) & 0xffff;
    int padded = in.getShort(18) & 0xffff;
    if (count == 0) {
      // walb does not look at the checksum of such a block either.
      if (total == 0 && padded == 0) return new PackReading.End();
      return invalid("no records, but %d blocks of data and %d paddings", total, padded);
    }
    int left = WalbChecksum.of(in, 0, blockBytes, salt);
    if (left != 0) {
      return invalid(
          "checksum %08x, the content with salt %08x asks for %08x",
          in.getInt(0), salt, in.getInt(0) + left);
    }
    long lsid = in.getLong(8);
    if (lsid != expectedLsid) {
      return invalid(
          "a whole header of lsid %s, expected %d", Long.toUnsignedString(lsid), expectedLsid);
    }
    return records(in, lsid, total, count, padded);
  }

  private PackReading records(ByteBuffer in, long lsid, int total, int count, int padded) {
    if (count > PackHeader.recordsMax(blockBytes)) {
      return invalid("%d records, at most %d fit", count, PackHeader.recordsMax(blockBytes));
    }
    List<LogRecord> records = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int at = PackHeader.recordAt(0, i);
      int flags = in.getInt(at + 4);
      Optional<LogRecord.Kind> kind = LogRecord.Kind.ofFlags(flags);
      if (kind.isEmpty()) {
        return invalid("record %d has flags %08x, allowed are 1, 3 and 5", i, flags);
      }
      Optional<String> fault = recordFault(in, at, kind.get(), lsid);
      if (fault.isPresent()) return invalid("record %d: %s", i, fault.get());
      records.add(
          new LogRecord(
              kind.get(), in.getInt(at), in.getLong(at + 8), size(in, at), lsidLocal(in, at)));
    }
    Optional<String> fault = PackHeader.fault(blockBytes, lsid, records);
    if (fault.isPresent()) return new PackReading.Invalid(fault.get());
    PackHeader header = new PackHeader(blockBytes, lsid, records);
    if (header.dataBlocks() != total || header.paddings() != padded) {
      return invalid(
          "%d blocks and %d paddings by its own count, its records add up to %d and %d",
          total, padded, header.dataBlocks(), header.paddings());
    }
    return new PackReading.Pack(header);
  }

  private Optional<String> recordFault(ByteBuffer in, int at, LogRecord.Kind kind, long packLsid) {
    long lsid = in.getLong(at + 24);
    if (lsid - lsidLocal(in, at) != packLsid) {
      return Optional.of(
          "lsid %s at block %d of its pack at lsid %s"
              .formatted(
                  Long.toUnsignedString(lsid), lsidLocal(in, at), Long.toUnsignedString(packLsid)));
    }
    if (kind == LogRecord.Kind.PADDING && size(in, at) == 0 && paddings == Paddings.FILLED) {
      return Optional.of("a padding of no length");
    }
    return LogRecord.fault(kind, in.getLong(at + 8), size(in, at), lsidLocal(in, at));
  }

  private static long size(ByteBuffer in, int recordAt) {
    return in.getInt(recordAt + 16) & 0xffffffffL;
  }

  private static int lsidLocal(ByteBuffer in, int recordAt) {
    return in.getShort(recordAt + 20) & 0xffff;
  }

  private static PackReading invalid(String found, Object... values) {
    return new PackReading.Invalid(found.formatted(values));
  }
}
