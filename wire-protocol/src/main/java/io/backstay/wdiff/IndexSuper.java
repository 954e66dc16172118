package io.backstay.wdiff;

import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The last 24 bytes of an indexed wdiff: where its index is.
 *
 * <pre>
 *   file header, 32 bytes ({@link DiffHeader})
 *   payloads, in the order in which they came; some may be shown by no record any more
 *   0 .. 7 zero bytes, so that the index begins at a multiple of 8
 *   index: records of 48 bytes in order of their addresses ({@link IndexRecord})
 *   this:
 *
 *  off  size  field
 *    0     8  offset of the index in the file, a multiple of 8
 *    8     4  number of records in the index
 *   12     4  number of writes, zeroes and discards that the index was made of
 *   16     4  reserved, 0
 *   20     4  checksum of these 24 bytes, salt 0
 * </pre>
 *
 * @param ios what was given to the writer; no count of payloads
 */
public record IndexSuper(long indexOffset, int records, int ios) {
  public static final int SIZE_BYTES = 24;

  public IndexSuper {
    if (indexOffset < DiffHeader.SIZE_BYTES || indexOffset % 8 != 0 || records < 0)
      throw new IllegalArgumentException(
          "an index of %s records at byte %s"
              .formatted(Integer.toUnsignedString(records), Long.toUnsignedString(indexOffset)));
  }

  /** Writes 24 bytes at the buffer's position and moves it behind. */
  public void write(ByteBuffer into) {
    ByteBuffer out = Fields.take(into, SIZE_BYTES);
    out.putLong(0, indexOffset).putInt(8, records).putInt(12, ios).putLong(16, 0);
    out.putInt(20, WalbChecksum.of(out, 0, SIZE_BYTES, 0));
  }

  /**
   * Reads the 24 bytes at the buffer's position, which does not move.
   *
   * @param fileBytes size of the file that they end
   * @throws MalformedDiffException that says which check failed, and on what
   */
  public static IndexSuper read(ByteBuffer from, long fileBytes) throws MalformedDiffException {
    ByteBuffer in = from.slice(from.position(), SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int left = WalbChecksum.of(in, 0, SIZE_BYTES, 0);
    if (left != 0)
      throw new MalformedDiffException(
          "the last %d bytes have checksum %08x, they ask for %08x: truncated, or no indexed wdiff"
              .formatted(SIZE_BYTES, in.getInt(20), in.getInt(20) + left));
    IndexSuper found;
    try {
      found = new IndexSuper(in.getLong(0), in.getInt(8), in.getInt(12));
    } catch (IllegalArgumentException e) {
      throw new MalformedDiffException(e.getMessage());
    }
    long indexBytes = (long) IndexRecord.SIZE_BYTES * found.records;
    if (found.indexOffset != fileBytes - SIZE_BYTES - indexBytes)
      throw new MalformedDiffException(
          "%d records at byte %d do not fit a file of %d bytes"
              .formatted(found.records, found.indexOffset, fileBytes));
    return found;
  }
}
