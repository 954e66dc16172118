package io.backstay.wdiff;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One stretch of the volume in the index of an indexed wdiff: 48 bytes. Several may show pieces of
 * one payload: a write that was cut, or partly overwritten by a later one.
 *
 * <pre>
 *  off  size  field             normal                              all zero, discard
 *    0     8  address           sectors                             sectors
 *    8     4  length            sectors; walb writes powers of two  sectors
 *   12     1  flags             0                                   2, 4
 *   13     1  compression type  of the payload                      any
 *   14     2  reserved          0
 *   16     8  data offset       of the payload in the file          any
 *   24     4  data size         stored bytes                        0
 *   28     4  io offset         sectors into the payload, unpacked  any
 *   32     4  original length   sectors of the payload, unpacked    0
 *   36     4  reserved          0
 *   40     4  checksum          of the stored bytes, salt 0         0
 *   44     4  own checksum      of these 48 bytes, salt 0
 * </pre>
 *
 * @param offsetSectors where on the volume
 * @param data what it shows; {@link Shown#NOTHING} if it reads as zeroes
 */
public record IndexRecord(long offsetSectors, int sectors, Kind kind, Shown data) {
  public static final int SIZE_BYTES = 48;
  private static final int OWN_CHECKSUM_AT = 44;

  /**
   * A piece of a payload.
   *
   * @param fileOffset where the payload begins in the file
   * @param dataBytes of the payload as stored
   * @param fromSector where the piece begins in the unpacked payload
   * @param payloadSectors of the whole unpacked payload
   * @param checksum of the payload as stored
   */
  public record Shown(
      Compression.Type compression,
      long fileOffset,
      int dataBytes,
      int fromSector,
      int payloadSectors,
      int checksum) {
    public static final Shown NOTHING = new Shown(Compression.Type.NONE, 0, 0, 0, 0, 0);

    /** The payload as a whole, as if it stood in a sorted wdiff. */
    public DiffRecord payload(long offsetSectors) {
      return new DiffRecord(
          offsetSectors, payloadSectors, Kind.NORMAL, compression, 0, dataBytes, checksum);
    }
  }

  public IndexRecord {
    if (kind == Kind.NORMAL) requirePiece(sectors, data);
    else if (!data.equals(Shown.NOTHING))
      throw new IllegalArgumentException("a %s record with a payload".formatted(kind));
    DiffRecord.withoutData(offsetSectors, sectors, Kind.DISCARD, 0);
  }

  private static void requirePiece(int sectors, Shown data) {
    data.payload(0);
    if (data.fileOffset() < DiffHeader.SIZE_BYTES
        || data.fromSector() < 0
        || data.fromSector() > data.payloadSectors() - sectors)
      throw new IllegalArgumentException(
          "%d sectors from sector %s of a payload of %d at byte %s"
              .formatted(
                  sectors,
                  Integer.toUnsignedString(data.fromSector()),
                  data.payloadSectors(),
                  Long.toUnsignedString(data.fileOffset())));
  }

  /** The first sector behind it. */
  public long endSectors() {
    return offsetSectors + sectors;
  }

  /** Writes 48 bytes at the buffer's position and moves it behind. */
  public void write(ByteBuffer into) {
    ByteBuffer out = Fields.take(into, SIZE_BYTES);
    out.putLong(0, offsetSectors).putInt(8, sectors).put(12, (byte) kind.flags());
    out.put(13, (byte) data.compression().ordinal()).putShort(14, (short) 0);
    out.putLong(16, data.fileOffset()).putInt(24, data.dataBytes()).putInt(28, data.fromSector());
    out.putInt(32, data.payloadSectors()).putInt(36, 0).putInt(40, data.checksum());
    out.putInt(OWN_CHECKSUM_AT, 0);
    out.putInt(OWN_CHECKSUM_AT, WalbChecksum.of(out, 0, SIZE_BYTES, 0));
  }

  /**
   * Reads the 48 bytes at the buffer's position, which does not move.
   *
   * @throws MalformedDiffException that says which check failed, and on what
   */
  public static IndexRecord read(ByteBuffer from) throws MalformedDiffException {
    ByteBuffer in = from.slice(from.position(), SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int left = WalbChecksum.of(in, 0, SIZE_BYTES, 0);
    if (left != 0)
      throw new MalformedDiffException(
          "a record of the index has checksum %08x, its content asks for %08x"
              .formatted(in.getInt(OWN_CHECKSUM_AT), in.getInt(OWN_CHECKSUM_AT) + left));
    Kind kind = Kind.ofFlags(in.get(12) & 0xff);
    boolean empty = in.getInt(24) == 0 && in.getInt(32) == 0 && in.getInt(40) == 0;
    if (kind != Kind.NORMAL && !empty)
      throw new MalformedDiffException(
          "a %s record for sector %d with a payload".formatted(kind, in.getLong(0)));
    Shown data =
        kind != Kind.NORMAL
            ? Shown.NOTHING
            : new Shown(
                Fields.compression(in.get(13)),
                in.getLong(16),
                in.getInt(24),
                in.getInt(28),
                in.getInt(32),
                in.getInt(40));
    try {
      return new IndexRecord(in.getLong(0), in.getInt(8), kind, data);
    } catch (IllegalArgumentException e) {
      throw new MalformedDiffException(e.getMessage());
    }
  }

  /** Bytes of volume that it shows. */
  public long lengthBytes() {
    return (long) sectors * LogLayout.SECTOR_BYTES;
  }
}
