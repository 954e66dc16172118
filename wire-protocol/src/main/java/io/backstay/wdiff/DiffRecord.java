package io.backstay.wdiff;

import io.backstay.model.Compression;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;

/**
 * What a sorted wdiff says of one stretch of the volume: 32 bytes in the header of its pack.
 *
 * <pre>
 *  off  size  field             normal                      all zero, discard
 *    0     8  address           sectors                     sectors
 *    8     4  length            1 .. 65536 sectors          1 .. 2^31-1 sectors
 *   12     1  flags             0                           2, 4
 *   13     1  compression type  0 .. 5                      0
 *   14     2  reserved          0
 *   16     4  data offset       of its payload in the body  where the next payload begins
 *   20     4  data size         stored bytes                0
 *   24     4  checksum          of the stored bytes, salt 0 0
 *   28     4  reserved          0
 * </pre>
 *
 * <p>A payload is the record's whole data, compressed by itself. One that would not become smaller
 * is stored as it is, with compression 0. Both other kinds read as zeroes (rule L7).
 *
 * @param offsetSectors where on the volume
 * @param dataOffset where the payload begins in the pack's body; where the next one does, if this
 *     has none
 * @param dataBytes of the payload as stored
 * @param checksum {@link WalbChecksum} of the payload as stored
 */
public record DiffRecord(
    long offsetSectors,
    int sectors,
    Kind kind,
    Compression.Type compression,
    int dataOffset,
    int dataBytes,
    int checksum) {
  public static final int SIZE_BYTES = 32;

  /** What Backstay writes is cut to at most this, as walb does: 1 MiB. */
  public static final int WRITTEN_SECTORS_MAX = 2048;

  /** The longest payload that is read: 32 MiB of data, which no write in a log exceeds. */
  public static final int PAYLOAD_SECTORS_MAX = 65536;

  private static final long VOLUME_SECTORS_MAX = Long.MAX_VALUE / LogLayout.SECTOR_BYTES;

  /** What a stretch of the volume became. */
  public enum Kind {
    NORMAL(0),
    /** It was written with zeroes. */
    ALLZERO(2),
    /** It was discarded, and reads as zeroes since. */
    DISCARD(4);

    private final int flags;

    Kind(int flags) {
      this.flags = flags;
    }

    public int flags() {
      return flags;
    }

    static Kind ofFlags(int flags) throws MalformedDiffException {
      for (Kind kind : values()) if (kind.flags == flags) return kind;
      throw new MalformedDiffException("flags %02x, allowed are 0, 2 and 4".formatted(flags));
    }
  }

  public DiffRecord {
    String fault = fault(offsetSectors, sectors, kind, compression, dataBytes, checksum);
    if (fault != null) throw new IllegalArgumentException(fault);
    if (dataOffset < 0) throw new IllegalArgumentException("a payload at " + dataOffset);
  }

  /** A record without payload. */
  public static DiffRecord withoutData(long offsetSectors, int sectors, Kind kind, int dataOffset) {
    return new DiffRecord(offsetSectors, sectors, kind, Compression.Type.NONE, dataOffset, 0, 0);
  }

  /** What would make a record invalid by itself; null if nothing. */
  private static String fault(
      long offsetSectors,
      int sectors,
      Kind kind,
      Compression.Type compression,
      int dataBytes,
      int checksum) {
    if (sectors < 1 || (kind == Kind.NORMAL && sectors > PAYLOAD_SECTORS_MAX))
      return "a %s record of %s sectors, allowed are 1 to %d"
          .formatted(
              kind,
              Integer.toUnsignedString(sectors),
              kind == Kind.NORMAL ? PAYLOAD_SECTORS_MAX : Integer.MAX_VALUE);
    if (offsetSectors < 0 || offsetSectors > VOLUME_SECTORS_MAX - sectors)
      return "a record of %d sectors at sector %s: no volume is as large"
          .formatted(sectors, Long.toUnsignedString(offsetSectors));
    if (kind != Kind.NORMAL)
      return compression == Compression.Type.NONE && dataBytes == 0 && checksum == 0
          ? null
          : "a %s record with a payload: compression %s, %s bytes, checksum %08x"
              .formatted(kind, compression, Integer.toUnsignedString(dataBytes), checksum);
    int raw = sectors * LogLayout.SECTOR_BYTES;
    boolean fits =
        compression == Compression.Type.NONE ? dataBytes == raw : dataBytes >= 1 && dataBytes < raw;
    return fits
        ? null
        : "a payload of %s bytes with compression %s for %d sectors"
            .formatted(Integer.toUnsignedString(dataBytes), compression, sectors);
  }

  /** The first sector behind it. */
  public long endSectors() {
    return offsetSectors + sectors;
  }

  /** Bytes of its payload once decompressed: none but of a normal record. */
  public int rawBytes() {
    return kind == Kind.NORMAL ? sectors * LogLayout.SECTOR_BYTES : 0;
  }

  /** Whether these bytes, from position to limit, are its payload as stored. */
  public boolean matches(ByteBuffer stored) {
    return stored.remaining() == dataBytes && WalbChecksum.of(stored, 0) == checksum;
  }

  /** The same with its payload elsewhere in a body. */
  public DiffRecord at(int newDataOffset) {
    return new DiffRecord(
        offsetSectors, sectors, kind, compression, newDataOffset, dataBytes, checksum);
  }

  /** Writes 32 bytes at an absolute index of a little-endian buffer. */
  void write(ByteBuffer out, int at) {
    out.putLong(at, offsetSectors).putInt(at + 8, sectors);
    out.put(at + 12, (byte) kind.flags).put(at + 13, (byte) compression.ordinal());
    out.putShort(at + 14, (short) 0).putInt(at + 16, dataOffset).putInt(at + 20, dataBytes);
    out.putInt(at + 24, checksum).putInt(at + 28, 0);
  }

  /**
   * Reads 32 bytes at an absolute index of a little-endian buffer.
   *
   * @param dataOffset where its payload must begin, or would if it had one
   */
  static DiffRecord read(ByteBuffer in, int at, int dataOffset) throws MalformedDiffException {
    long offsetSectors = in.getLong(at);
    int sectors = in.getInt(at + 8);
    Kind kind = Kind.ofFlags(in.get(at + 12) & 0xff);
    Compression.Type compression = Fields.compression(in.get(at + 13));
    int dataBytes = in.getInt(at + 20);
    int checksum = in.getInt(at + 24);
    String fault = fault(offsetSectors, sectors, kind, compression, dataBytes, checksum);
    if (fault != null) throw new MalformedDiffException(fault);
    // Of a record without payload walb stores what it has at hand.
    if (kind == Kind.NORMAL && in.getInt(at + 16) != dataOffset)
      throw new MalformedDiffException(
          "a payload at byte %s of the body, those before it end at %d"
              .formatted(Integer.toUnsignedString(in.getInt(at + 16)), dataOffset));
    return new DiffRecord(
        offsetSectors, sectors, kind, compression, dataOffset, dataBytes, checksum);
  }
}
