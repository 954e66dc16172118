package io.backstay.wlog;

/**
 * Where things are on a log device, in blocks of its physical block size.
 *
 * <pre>
 *  block                       content
 *  0 .. s-1                    unused; s = 4096 / block size
 *  s                           super sector, the place that walb reads
 *  s+1 .. s+m                  obsolete, m is 0 on every device made today
 *  s+1+m                       super sector, second place: reserved in walb, used by Backstay (rule L4)
 *  s+2+m = ring offset         the ring, to the last whole block of the device
 * </pre>
 *
 * @param blockBytes physical block size, 512 or 4096
 * @param metadataBlocks m, 0 and more
 * @param ringBlocks blocks of the ring, 1 and more
 */
public record LogLayout(int blockBytes, int metadataBlocks, long ringBlocks) {
  public static final int SECTOR_BYTES = 512;
  public static final int SMALL_BLOCK_BYTES = 512;
  public static final int LARGE_BLOCK_BYTES = 4096;

  /** The super sector's place in bytes, whatever the block size. */
  public static final int FIRST_SUPER_BYTES = 4096;

  public LogLayout {
    requireBlockBytes(blockBytes);
    if (metadataBlocks < 0 || ringBlocks < 1) {
      throw new IllegalArgumentException(
          "a log device has 0 or more metadata blocks and a ring of 1 block or more, not %d and %d"
              .formatted(metadataBlocks, ringBlocks));
    }
    long end = ringOffset(blockBytes, metadataBlocks) + ringBlocks;
    if (ringBlocks > Long.MAX_VALUE / blockBytes - ringOffset(blockBytes, metadataBlocks)) {
      throw new IllegalArgumentException(
          "a log device of %d blocks of %d bytes is larger than any device"
              .formatted(end, blockBytes));
    }
  }

  /**
   * The layout of a whole device.
   *
   * @throws IllegalArgumentException if there is no room for a ring of one block
   */
  public static LogLayout forDevice(int blockBytes, long deviceBytes) {
    requireBlockBytes(blockBytes);
    long ringBlocks = deviceBytes / blockBytes - ringOffset(blockBytes, 0);
    if (ringBlocks < 1) {
      throw new IllegalArgumentException(
          "a log device with blocks of %d bytes needs more than %d bytes, found %d"
              .formatted(blockBytes, ringOffset(blockBytes, 0) * blockBytes, deviceBytes));
    }
    return new LogLayout(blockBytes, 0, ringBlocks);
  }

  static void requireBlockBytes(int blockBytes) {
    if (!isBlockBytes(blockBytes)) {
      throw new IllegalArgumentException(
          "physical block size %d, allowed are 512 and 4096".formatted(blockBytes));
    }
  }

  static boolean isBlockBytes(int blockBytes) {
    return blockBytes == SMALL_BLOCK_BYTES || blockBytes == LARGE_BLOCK_BYTES;
  }

  private static long ringOffset(int blockBytes, int metadataBlocks) {
    return FIRST_SUPER_BYTES / blockBytes + 2L + metadataBlocks;
  }

  /** The ring's first block. */
  public long ringOffset() {
    return ringOffset(blockBytes, metadataBlocks);
  }

  /** Where the second super sector stands, in bytes. */
  public long secondSuperBytes() {
    return (ringOffset() - 1) * blockBytes;
  }

  /** The bytes of the device that this layout uses. */
  public long sizeBytes() {
    return (ringOffset() + ringBlocks) * blockBytes;
  }

  /** The block of the device that holds an lsid. */
  public long physicalBlock(long lsid) {
    return ringOffset() + lsid % ringBlocks;
  }

  /** Where an lsid's block begins on the device, in bytes. */
  public long physicalBytes(long lsid) {
    return physicalBlock(lsid) * blockBytes;
  }

  /** Blocks from an lsid to the end of the ring, its own included: 1 to ringBlocks. */
  public long blocksToRingEnd(long lsid) {
    return ringBlocks - lsid % ringBlocks;
  }

  /**
   * The padding that must stand at an lsid so that data of so many blocks does not run past the
   * ring's end: 0, or all that is left of this lap. One record's data never wraps; a pack may.
   */
  public long paddingBlocks(long lsid, long dataBlocks) {
    long left = blocksToRingEnd(lsid);
    return dataBlocks <= left ? 0 : left;
  }

  /** Blocks that hold so many sectors; the rest of the last one means nothing. */
  public static long blocksOf(long sectors, int blockBytes) {
    int sectorsEach = blockBytes / SECTOR_BYTES;
    return (sectors + sectorsEach - 1) / sectorsEach;
  }
}
