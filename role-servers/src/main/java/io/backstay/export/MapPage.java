package io.backstay.export;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A page of a {@link ChangeMap} as it stands in a file. All integers are little-endian.
 *
 * <pre>
 *     0  8  "BSCHANGE"
 *     8  4  version: 1
 *    12  4  CRC32C of what follows
 *    16  8  number of the page: its first bit is that of block number * 32256
 *    24  8  sequence: the n-th version of the page
 *    32 32  zero
 *    64     504 words of bits, the lowest first: the block was changed
 * </pre>
 *
 * @param blocks not to be changed
 */
record MapPage(int number, long sequence, long[] blocks) {
  static final int SIZE_BYTES = 4096;

  /** Of bits. */
  static final int WORDS = 504;

  private static final long MAGIC = 0x45474e4148435342L; // BSCHANGE
  private static final int VERSION = 1;
  private static final int CHECKSUM_OFFSET = 12;
  private static final int CHECKED_OFFSET = 16;
  private static final int BLOCKS_OFFSET = 64;

  /** A file's bytes of the page, ready to be written. */
  ByteBuffer bytes() {
    ByteBuffer page = ByteBuffer.allocateDirect(SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    page.putLong(MAGIC).putInt(VERSION).putInt(0).putLong(number).putLong(sequence);
    page.position(BLOCKS_OFFSET).asLongBuffer().put(blocks);
    return page.putInt(CHECKSUM_OFFSET, checksum(page)).position(0);
  }

  /** Empty where no page of that number stands there whole. */
  static Optional<MapPage> read(ByteBuffer bytes, int number) {
    ByteBuffer page = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    boolean whole =
        page.getLong(0) == MAGIC
            && page.getInt(8) == VERSION
            && page.getInt(CHECKSUM_OFFSET) == checksum(page)
            && page.getLong(16) == number;
    if (!whole) return Optional.empty();
    long[] blocks = new long[WORDS];
    page.position(BLOCKS_OFFSET).asLongBuffer().get(blocks);
    return Optional.of(new MapPage(number, page.getLong(24), blocks));
  }

  private static int checksum(ByteBuffer page) {
    CRC32C crc = new CRC32C();
    crc.update(page.slice(CHECKED_OFFSET, SIZE_BYTES - CHECKED_OFFSET));
    return (int) crc.getValue();
  }
}
