package io.backstay.wlog;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What a log device says of itself: one block, of which 104 bytes are used and the rest is zero.
 *
 * <pre>
 *  off  size  field
 *    0     2  sector type, 1
 *    2     2  version, 2
 *    4     4  checksum of the whole block, salt 0
 *    8     4  logical block size, 512
 *   12     4  physical block size, 512 or 4096
 *   16     4  metadata size, blocks: obsolete, 0
 *   20     4  salt of the log's checksums, drawn anew at format and reset
 *   24    16  uuid of the session, drawn anew at format and reset
 *   40    32  name, ends with a zero byte
 *   72     8  ring size, blocks
 *   80     8  oldest lsid: below it log may be overwritten
 *   88     8  written lsid: below it all is on the data device
 *   96     8  size of the volume, sectors
 * </pre>
 *
 * <p>walb's own tools do not look at the checksum; this does. oldest never exceeds written (rule
 * L4).
 *
 * @param blockBytes physical block size, 512 or 4096
 * @param salt goes into every checksum of the log, so that packs of an earlier session fail
 * @param name at most 31 bytes of UTF-8
 * @param volumeSectors size of the volume
 */
public record SuperSector(
    int blockBytes,
    int metadataBlocks,
    int salt,
    SessionUuid uuid,
    String name,
    long ringBlocks,
    long oldestLsid,
    long writtenLsid,
    long volumeSectors) {

  /** Bytes in use; a super sector takes {@link #blockBytes()}. */
  public static final int SIZE_BYTES = 104;

  static final int TYPE = 1;
  static final int VERSION = 2;
  private static final int NAME_OFFSET = 40;
  private static final int NAME_BYTES = 32;

  public SuperSector {
    if (uuid == null || name == null) {
      throw new IllegalArgumentException("a super sector has a uuid and a name");
    }
    if (name.getBytes(StandardCharsets.UTF_8).length >= NAME_BYTES || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "the name \"%s\" of a log device is longer than 31 bytes, or holds a zero byte"
              .formatted(name));
    }
    if (oldestLsid < 0 || oldestLsid > writtenLsid) {
      throw new IllegalArgumentException(
          "oldest lsid %s and written lsid %s: expected 0 <= oldest <= written"
              .formatted(Long.toUnsignedString(oldestLsid), Long.toUnsignedString(writtenLsid)));
    }
    if (volumeSectors < 0 || volumeSectors > Long.MAX_VALUE / LogLayout.SECTOR_BYTES) {
      throw new IllegalArgumentException(
          "a volume of %s sectors".formatted(Long.toUnsignedString(volumeSectors)));
    }
    var _ = new LogLayout(blockBytes, metadataBlocks, ringBlocks);
  }

  /** A new log on a whole device, empty from an lsid on. */
  public static SuperSector format(
      LogLayout layout, int salt, SessionUuid uuid, String name, long lsid, long volumeSectors) {
    return new SuperSector(
        layout.blockBytes(),
        layout.metadataBlocks(),
        salt,
        uuid,
        name,
        layout.ringBlocks(),
        lsid,
        lsid,
        volumeSectors);
  }

  public LogLayout layout() {
    return new LogLayout(blockBytes, metadataBlocks, ringBlocks);
  }

  public SuperSector withLsids(long oldest, long written) {
    return new SuperSector(
        blockBytes, metadataBlocks, salt, uuid, name, ringBlocks, oldest, written, volumeSectors);
  }

  /** The same log in a new session, empty from an lsid on (rule M2). */
  public SuperSector withSession(SessionUuid newUuid, int newSalt, long lsid) {
    return new SuperSector(
        blockBytes, metadataBlocks, newSalt, newUuid, name, ringBlocks, lsid, lsid, volumeSectors);
  }

  public SuperSector withVolumeSectors(long sectors) {
    return new SuperSector(
        blockBytes, metadataBlocks, salt, uuid, name, ringBlocks, oldestLsid, writtenLsid, sectors);
  }

  /** Writes one block at the buffer's position and moves it behind. */
  public void write(ByteBuffer into) {
    ByteBuffer out = Fields.take(into, blockBytes);
    Fields.zero(out, 0, blockBytes);
    out.putShort((short) TYPE).putShort((short) VERSION).putInt(0);
    out.putInt(LogLayout.SECTOR_BYTES).putInt(blockBytes).putInt(metadataBlocks).putInt(salt);
    uuid.write(out, out.position());
    out.position(NAME_OFFSET).put(name.getBytes(StandardCharsets.UTF_8));
    out.position(NAME_OFFSET + NAME_BYTES);
    out.putLong(ringBlocks).putLong(oldestLsid).putLong(writtenLsid).putLong(volumeSectors);
    out.putInt(4, WalbChecksum.of(out, 0, blockBytes, 0));
  }

  /**
   * Reads the block at the buffer's position, which does not move.
   *
   * @throws MalformedLogException that says which check failed, and on what
   */
  public static SuperSector read(ByteBuffer from) throws MalformedLogException {
    ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < LogLayout.SMALL_BLOCK_BYTES) {
      throw new MalformedLogException(
          "a super sector needs 512 bytes or more, the device ends after " + in.remaining());
    }
    int type = in.getShort(0) & 0xffff;
    int version = in.getShort(2) & 0xffff;
    if (type != TYPE || version != VERSION) {
      throw new MalformedLogException(
          "sector type %d, version %d; a super sector has type %d, version %d"
              .formatted(type, version, TYPE, VERSION));
    }
    int logical = in.getInt(8);
    int blockBytes = in.getInt(12);
    if (logical != LogLayout.SECTOR_BYTES || !LogLayout.isBlockBytes(blockBytes)) {
      throw new MalformedLogException(
          "logical block size %d, physical block size %d; expected 512, and 512 or 4096"
              .formatted(logical, blockBytes));
    }
    if (in.remaining() < blockBytes) {
      throw new MalformedLogException(
          "a super sector of %d bytes, but the device ends after %d"
              .formatted(blockBytes, in.remaining()));
    }
    int left = WalbChecksum.of(in, 0, blockBytes, 0);
    if (left != 0) {
      throw new MalformedLogException(
          "checksum %08x does not fit the super sector's content, which asks for %08x"
              .formatted(in.getInt(4), in.getInt(4) + left));
    }
    return fields(in, blockBytes);
  }

  private static SuperSector fields(ByteBuffer in, int blockBytes) throws MalformedLogException {
    byte[] name = new byte[NAME_BYTES];
    in.get(NAME_OFFSET, name);
    int length = 0;
    while (length < NAME_BYTES && name[length] != 0) length++;
    try {
      return new SuperSector(
          blockBytes,
          in.getInt(16),
          in.getInt(20),
          SessionUuid.read(in, 24),
          new String(name, 0, length, StandardCharsets.UTF_8),
          in.getLong(72),
          in.getLong(80),
          in.getLong(88),
          in.getLong(96));
    } catch (IllegalArgumentException e) {
      throw new MalformedLogException("super sector with a good checksum, but " + e.getMessage());
    }
  }
}
