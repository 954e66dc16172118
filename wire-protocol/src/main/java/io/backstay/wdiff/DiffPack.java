package io.backstay.wdiff;

import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A piece of a sorted wdiff: 4096 bytes that name up to 127 records, then the records' payloads,
 * back to back in their order.
 *
 * <pre>
 *  off    size  field
 *    0       4  checksum of the 4096 bytes, salt 0
 *    4       2  number of records, 0 .. 127
 *    6       1  flags: 1 ends the wdiff, else 0
 *    7       1  reserved, 0
 *    8       4  bytes of the body
 *   12       4  reserved, 0
 *   16+32i  32  record i, see {@link DiffRecord}
 *    .       .  zero
 * </pre>
 *
 * <p>In a whole wdiff every record begins where the one before it ends, or behind. The last pack
 * has no records and flags 1.
 *
 * <p>A pack that exists is whole: its records are in order, do not overlap, and their payloads add
 * up to its body.
 */
public record DiffPack(List<DiffRecord> records, int bodyBytes) {
  public static final int HEADER_BYTES = 4096;
  public static final int RECORDS_MAX = 127;
  public static final int BODY_BYTES_MAX = 32 << 20;
  private static final int RECORDS_AT = 16;
  private static final int END = 1;

  public DiffPack {
    records = List.copyOf(records);
    if (records.size() > RECORDS_MAX)
      throw new IllegalArgumentException(
          "%d records in a pack, at most %d fit".formatted(records.size(), RECORDS_MAX));
    requireWhole(records, bodyBytes);
  }

  private static void requireWhole(List<DiffRecord> records, int bodyBytes) {
    long end = 0;
    long bytes = 0;
    for (int i = 0; i < records.size(); i++) {
      DiffRecord record = records.get(i);
      if (record.offsetSectors() < end)
        throw new IllegalArgumentException(
            "record %d is for sector %d, the one before it reaches to %d"
                .formatted(i, record.offsetSectors(), end));
      if (record.dataOffset() != bytes)
        throw new IllegalArgumentException(
            "record %d has its payload at byte %d of the body, those before it end at %d"
                .formatted(i, record.dataOffset(), bytes));
      end = record.endSectors();
      bytes += record.dataBytes();
    }
    if (bytes != bodyBytes || bytes > BODY_BYTES_MAX)
      throw new IllegalArgumentException(
          "a body of %s bytes, its records add up to %d, at most %d are allowed"
              .formatted(Integer.toUnsignedString(bodyBytes), bytes, BODY_BYTES_MAX));
  }

  /** What stands where a pack is expected. */
  public sealed interface Reading {
    /** A pack whose header holds in every respect. Its body was not looked at. */
    record Pack(DiffPack pack) implements Reading {}

    /** The end of the wdiff: nothing follows. */
    record End() implements Reading {}

    /**
     * Anything else.
     *
     * @param found which check failed, on what
     */
    record Invalid(String found) implements Reading {}
  }

  /** Writes the header's 4096 bytes at the buffer's position and moves it behind. */
  public void write(ByteBuffer into) {
    ByteBuffer out = Fields.take(into, HEADER_BYTES);
    out.putInt(0, 0).putShort(4, (short) records.size()).putShort(6, (short) 0);
    out.putInt(8, bodyBytes).putInt(12, 0);
    for (int i = 0; i < records.size(); i++) records.get(i).write(out, recordAt(i));
    Fields.zero(out, recordAt(records.size()), HEADER_BYTES);
    out.putInt(0, WalbChecksum.of(out, 0, HEADER_BYTES, 0));
  }

  /** Writes the pack that ends a wdiff. */
  public static void writeEnd(ByteBuffer into) {
    ByteBuffer out = Fields.take(into, HEADER_BYTES);
    Fields.zero(out, 0, HEADER_BYTES);
    out.put(6, (byte) END);
    out.putInt(0, WalbChecksum.of(out, 0, HEADER_BYTES, 0));
  }

  /** Reads the 4096 bytes at the buffer's position, which does not move. */
  public static Reading read(ByteBuffer from) {
    try {
      return readStrictly(from.slice(from.position(), HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN));
    } catch (MalformedDiffException e) {
      return new Reading.Invalid(e.getMessage());
    }
  }

  private static Reading readStrictly(ByteBuffer in) throws MalformedDiffException {
    int left = WalbChecksum.of(in, 0, HEADER_BYTES, 0);
    if (left != 0)
      throw new MalformedDiffException(
          "a pack's header has checksum %08x, its content asks for %08x"
              .formatted(in.getInt(0), in.getInt(0) + left));
    int count = in.getShort(4) & 0xffff;
    int flags = in.get(6) & 0xff;
    int bodyBytes = in.getInt(8);
    if (flags > END)
      throw new MalformedDiffException(
          "a pack has flags %02x, allowed are 0 and 1".formatted(flags));
    if (flags == END && (count != 0 || bodyBytes != 0))
      throw new MalformedDiffException(
          "the last pack has %d records and a body of %s bytes, expected none"
              .formatted(count, Integer.toUnsignedString(bodyBytes)));
    if (flags == END) return new Reading.End();
    if (count > RECORDS_MAX)
      throw new MalformedDiffException(
          "%d records in a pack, at most %d fit".formatted(count, RECORDS_MAX));
    return new Reading.Pack(read(in, count, bodyBytes));
  }

  private static DiffPack read(ByteBuffer in, int count, int bodyBytes)
      throws MalformedDiffException {
    List<DiffRecord> records = new ArrayList<>(count);
    int dataOffset = 0;
    for (int i = 0; i < count; i++) {
      try {
        DiffRecord record = DiffRecord.read(in, recordAt(i), dataOffset);
        records.add(record);
        dataOffset = Math.addExact(dataOffset, record.dataBytes());
      } catch (MalformedDiffException e) {
        throw new MalformedDiffException("record %d: %s".formatted(i, e.getMessage()));
      } catch (ArithmeticException e) {
        throw new MalformedDiffException("payloads of more than 2 GiB up to record " + i);
      }
    }
    try {
      return new DiffPack(records, bodyBytes);
    } catch (IllegalArgumentException e) {
      throw new MalformedDiffException(e.getMessage());
    }
  }

  private static int recordAt(int index) {
    return RECORDS_AT + index * DiffRecord.SIZE_BYTES;
  }
}
