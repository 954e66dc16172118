package io.backstay.wlog;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * One write, discard or padding in a pack of the log: 32 bytes of its header.
 *
 * <pre>
 *  off  size  field       normal               padding              discard
 *    0     4  checksum    of its data, salted  0                    0
 *    4     4  flags       1                    3                    5
 *    8     8  offset      sectors              0                    sectors
 *   16     4  io size     1 .. 65535 sectors   whole blocks         1 .. 2^32-1 sectors
 *   20     2  lsid local  blocks from the pack's header to its data
 *   22     2  reserved    0
 *   24     8  lsid        the pack's lsid + lsid local
 * </pre>
 *
 * <p>The flags' bits: 0 exists (always set), 1 padding, 2 discard. A discard has no data and shares
 * its lsid with the next record that has. A write whose length is not whole blocks leaves the rest
 * of its last block undefined and outside of the checksum.
 *
 * @param checksum {@link WalbChecksum} of exactly {@link #dataBytes()} bytes, with the log's salt
 * @param offsetSectors where on the volume
 * @param lsidLocal 1 and more
 */
public record LogRecord(
    Kind kind, int checksum, long offsetSectors, long sizeSectors, int lsidLocal) {

  public static final int SIZE_BYTES = 32;

  /** The longest write or padding: 32 MiB less one sector. */
  public static final int SIZE_SECTORS_MAX = 65535;

  /** The longest discard: 2 TiB less one sector. */
  public static final long DISCARD_SECTORS_MAX = 0xffffffffL;

  private static final int LSID_LOCAL_MAX = 65535;
  private static final long VOLUME_SECTORS_MAX = Long.MAX_VALUE / LogLayout.SECTOR_BYTES;

  /** What a record says. */
  public enum Kind {
    NORMAL(1),
    PADDING(3),
    DISCARD(5);

    private final int flags;

    Kind(int flags) {
      this.flags = flags;
    }

    public int flags() {
      return flags;
    }

    static Optional<Kind> ofFlags(int flags) {
      for (Kind kind : values()) if (kind.flags == flags) return Optional.of(kind);
      return Optional.empty();
    }
  }

  public LogRecord {
    Optional<String> fault = fault(kind, offsetSectors, sizeSectors, lsidLocal);
    if (fault.isPresent()) throw new IllegalArgumentException(fault.get());
  }

  /** What would make a record invalid by itself. */
  static Optional<String> fault(Kind kind, long offsetSectors, long sizeSectors, int lsidLocal) {
    long most = kind == Kind.DISCARD ? DISCARD_SECTORS_MAX : SIZE_SECTORS_MAX;
    long least = kind == Kind.PADDING ? 0 : 1;
    if (sizeSectors < least || sizeSectors > most) {
      return Optional.of(
          "a %s record of %d sectors, allowed are %d to %d"
              .formatted(kind, sizeSectors, least, most));
    }
    if (offsetSectors < 0 || offsetSectors > VOLUME_SECTORS_MAX - sizeSectors) {
      return Optional.of(
          "a %s record of %d sectors at sector %s: no volume is as large"
              .formatted(kind, sizeSectors, Long.toUnsignedString(offsetSectors)));
    }
    if (lsidLocal < 1 || lsidLocal > LSID_LOCAL_MAX) {
      return Optional.of(
          "a record at block %d of its pack, allowed are 1 to %d"
              .formatted(lsidLocal, LSID_LOCAL_MAX));
    }
    return Optional.empty();
  }

  /** Blocks of data that stand in the pack: none for a discard. */
  public int dataBlocks(int blockBytes) {
    return kind == Kind.DISCARD ? 0 : (int) LogLayout.blocksOf(sizeSectors, blockBytes);
  }

  /** Bytes that the checksum covers: none but for a write. */
  public int dataBytes() {
    return kind == Kind.NORMAL ? (int) sizeSectors * LogLayout.SECTOR_BYTES : 0;
  }

  /** Whether these bytes, from position to limit, are what was logged. */
  public boolean matches(ByteBuffer data, int salt) {
    return kind != Kind.NORMAL
        || (data.remaining() == dataBytes() && WalbChecksum.of(data, salt) == checksum);
  }

  /** Writes 32 bytes at an absolute index of a little-endian buffer. */
  void write(ByteBuffer out, int at, long packLsid) {
    out.putInt(at, checksum).putInt(at + 4, kind.flags).putLong(at + 8, offsetSectors);
    out.putInt(at + 16, (int) sizeSectors).putInt(at + 20, lsidLocal);
    out.putLong(at + 24, packLsid + lsidLocal);
  }
}
