package io.backstay.wlog;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * The first 4096 bytes of a wlog: a stretch of one log as a portable stream. Behind it come the
 * packs with consecutive lsids, each as it stands in the ring but never wrapped, then one block
 * that ends them: a {@link PackHeader} without records whose lsid is all ones. Several wlogs of one
 * session may follow each other, each beginning where the one before ended.
 *
 * <pre>
 *  off  size  field
 *    0     2  sector type, 4
 *    2     2  version, 2
 *    4     2  header size, 4096
 *    6     2  reserved, 0
 *    8     4  checksum of the 4096 bytes, salt 0
 *   12     4  salt of the packs' checksums
 *   16     4  logical block size, 512
 *   20     4  physical block size, 512 or 4096
 *   24    16  uuid of the session
 *   40     8  begin lsid: the first pack's
 *   48     8  end lsid: behind the last pack; all ones if it is not known
 *   56     .  zero
 * </pre>
 */
public record WlogHeader(
    int blockBytes, int salt, SessionUuid uuid, long beginLsid, OptionalLong endLsid) {
  public static final int SIZE_BYTES = 4096;
  static final int TYPE = 4;
  private static final int VERSION = 2;
  private static final long UNKNOWN = -1;

  public WlogHeader {
    LogLayout.requireBlockBytes(blockBytes);
    if (uuid == null || beginLsid < 0) {
      throw new IllegalArgumentException(
          "a wlog has a uuid and begins at an lsid, not at " + Long.toUnsignedString(beginLsid));
    }
    if (endLsid.isPresent() && endLsid.getAsLong() <= beginLsid) {
      throw new IllegalArgumentException(
          "a wlog from lsid %d to %s: it ends behind its begin"
              .formatted(beginLsid, Long.toUnsignedString(endLsid.getAsLong())));
    }
  }

  /** Writes 4096 bytes at the buffer's position and moves it behind. */
  public void write(ByteBuffer into) {
    ByteBuffer out = Fields.take(into, SIZE_BYTES);
    Fields.zero(out, 0, SIZE_BYTES);
    out.putShort((short) TYPE).putShort((short) VERSION).putShort((short) SIZE_BYTES);
    out.putShort((short) 0).putInt(0).putInt(salt).putInt(LogLayout.SECTOR_BYTES);
    out.putInt(blockBytes);
    uuid.write(out, out.position());
    out.putLong(40, beginLsid).putLong(48, endLsid.orElse(UNKNOWN));
    out.putInt(8, WalbChecksum.of(out, 0, SIZE_BYTES, 0));
  }

  /** Whether a block begins like a wlog, where a pack's header could stand as well. */
  static boolean beginsAt(ByteBuffer block) {
    // A pack has its sector type, 3, where this has its size.
    return block.get(0) == TYPE
        && block.get(1) == 0
        && block.get(4) == 0
        && block.get(5) == SIZE_BYTES >> 8;
  }

  /**
   * Reads the 4096 bytes at the buffer's position, which does not move.
   *
   * @throws MalformedLogException that says which check failed, and on what
   */
  public static WlogHeader read(ByteBuffer from) throws MalformedLogException {
    ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < SIZE_BYTES) {
      throw new MalformedLogException(
          "no wlog: its header has 4096 bytes, found " + in.remaining());
    }
    int type = in.getShort(0) & 0xffff;
    int version = in.getShort(2) & 0xffff;
    int size = in.getShort(4) & 0xffff;
    if (type != TYPE || version != VERSION || size != SIZE_BYTES) {
      throw new MalformedLogException(
          "no wlog: sector type %d, version %d, header of %d bytes; expected 4, 2 and 4096"
              .formatted(type, version, size));
    }
    int left = WalbChecksum.of(in, 0, SIZE_BYTES, 0);
    if (left != 0) {
      throw new MalformedLogException(
          "a wlog's header has checksum %08x, its content asks for %08x"
              .formatted(in.getInt(8), in.getInt(8) + left));
    }
    int logical = in.getInt(16);
    if (logical != LogLayout.SECTOR_BYTES) {
      throw new MalformedLogException(
          "a wlog with logical block size %d, expected 512".formatted(logical));
    }
    long end = in.getLong(48);
    try {
      return new WlogHeader(
          in.getInt(20),
          in.getInt(12),
          SessionUuid.read(in, 24),
          in.getLong(40),
          end == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(end));
    } catch (IllegalArgumentException e) {
      throw new MalformedLogException(
          "a wlog's header with a good checksum, but " + e.getMessage());
    }
  }
}
