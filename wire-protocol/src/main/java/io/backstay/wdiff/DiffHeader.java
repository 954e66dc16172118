package io.backstay.wdiff;

import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * The first 32 bytes of a wdiff.
 *
 * <pre>
 *  off  size  field
 *    0     4  checksum of the 32 bytes, salt 0
 *    4     2  version, 2
 *    6     1  format: 0 sorted, 1 indexed
 *    7     9  reserved, 0
 *   16    16  uuid of the session whose log it was made of; all zero where walb's tool merged
 * </pre>
 *
 * <p>Behind it a sorted wdiff has packs ({@link DiffPack}), an indexed one payloads and an index
 * ({@link IndexSuper}, {@link IndexRecord}).
 */
public record DiffHeader(Format format, SessionUuid uuid) {
  public static final int SIZE_BYTES = 32;
  private static final int VERSION = 2;

  /** What follows the header; the ordinal is the number in the file. */
  public enum Format {
    /** Packs of records in order of their addresses: what travels and what archives keep. */
    SORTED,
    /** Payloads in any order, then an index of all: what walb's proxies keep. */
    INDEXED
  }

  public DiffHeader {
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(uuid, "uuid");
  }

  /** Writes 32 bytes at the buffer's position and moves it behind. */
  public void write(ByteBuffer into) {
    ByteBuffer out = Fields.take(into, SIZE_BYTES);
    Fields.zero(out, 0, SIZE_BYTES);
    out.putShort(4, (short) VERSION).put(6, (byte) format.ordinal());
    uuid.write(out, 16);
    out.putInt(0, WalbChecksum.of(out, 0, SIZE_BYTES, 0));
  }

  /**
   * Reads the 32 bytes at the buffer's position, which does not move.
   *
   * @throws MalformedDiffException that says which check failed, and on what
   */
  public static DiffHeader read(ByteBuffer from) throws MalformedDiffException {
    ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < SIZE_BYTES)
      throw new MalformedDiffException(
          "no wdiff: its header has %d bytes, found %d".formatted(SIZE_BYTES, in.remaining()));
    int version = in.getShort(4) & 0xffff;
    int format = in.get(6) & 0xff;
    int left = WalbChecksum.of(in, 0, SIZE_BYTES, 0);
    if (left != 0)
      throw new MalformedDiffException(
          "no wdiff: checksum %08x, the first %d bytes ask for %08x"
              .formatted(in.getInt(0), SIZE_BYTES, in.getInt(0) + left));
    if (version != VERSION || format >= Format.values().length)
      throw new MalformedDiffException(
          "no wdiff of a known format: version %d, format %d; expected 2, and 0 or 1"
              .formatted(version, format));
    return new DiffHeader(Format.values()[format], SessionUuid.read(in, 16));
  }
}
