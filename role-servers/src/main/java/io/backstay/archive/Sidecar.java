package io.backstay.archive;

import io.backstay.model.Bytes;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/**
 * The evidence beside an image: for each 1 MiB range which 64 KiB blocks hold data, their CRC32C,
 * and the hash that the source took (rules L10, X9). File {@code image-SERIAL.sums}; integers are
 * little-endian.
 *
 * <pre>
 *  off   size  field
 *    0      8  magic "BKSSUMS1"
 *    8      8  size of the image in bytes
 *   16      4  range bytes, 1048576
 *   20      4  block bytes, 65536
 *   24      4  CRC32C of bytes 0 .. 23
 *   28   4068  zero
 * 4096  128*n  one entry for each range, in order
 *
 *  entry:
 *    0      4  bit i: block i holds data; 0: the range is all zero
 *    4      4  CRC32C of the range's number (8 bytes) and the entry without this field
 *    8  16 * 4  CRC32C of each block, 0 where it is zero
 *   72     16  XXH3-128 of the whole range as the source had it, big-endian, 0 where it is all zero
 *   88     40  zero
 * </pre>
 *
 * <p>Ranges of zeroes have an entry of their own, so that an entry which was lost, or written to
 * the wrong place, is seen as damage and never as zeroes.
 */
final class Sidecar implements Closeable {
  static final int HEADER_BYTES = 4096;
  static final int ENTRY_BYTES = 128;
  private static final int PAGE_BYTES = 4096;

  /** Entries that are read at once: 128 KiB of memory. */
  private static final int ENTRIES_AT_ONCE = 1024;

  private static final long MAGIC = 0x31_53_4d_55_53_53_4b_42L;

  /** What direct IO moves at once: pages themselves lie on the heap, since many come and go. */
  private static final int PASSING_BYTES = 64 << 10;

  private final BlockDevice device;
  private final long imageBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final ByteBuffer passing = BufferPool.aligned(PASSING_BYTES);

  private Sidecar(BlockDevice device, long imageBytes) {
    this.device = device;
    this.imageBytes = imageBytes;
  }

  /** One range's evidence; {@code dataBlocks} is 0 for a range of zeroes. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never shared
  record Entry(int dataBlocks, int[] checksums, Bytes sourceHash) {}

  static long sizeBytes(long imageBytes) {
    long entries = (imageBytes + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES;
    return HEADER_BYTES + (entries * ENTRY_BYTES + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  }

  /** Writes the header to a device of {@link #sizeBytes} zeroes. */
  static Sidecar format(BlockDevice device, long imageBytes) throws IOException {
    writeHeader(device, imageBytes);
    return new Sidecar(device, imageBytes);
  }

  private static void writeHeader(BlockDevice device, long imageBytes) throws IOException {
    ByteBuffer header = BufferPool.aligned(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header
        .putLong(MAGIC)
        .putLong(imageBytes)
        .putInt(ImageChunk.RANGE_BYTES)
        .putInt(Payload.BLOCK_BYTES);
    header.putInt(crc(header.slice(0, 24)));
    device.write(0, header.clear());
  }

  /** Makes room for the entries of a larger image; durable after a flush. */
  void makeRoom(long newImageBytes) throws IOException {
    if (device.remeasure() < sizeBytes(newImageBytes)) device.extend(sizeBytes(newImageBytes));
  }

  /** It is that of a larger image from now on; durable after a flush. */
  void grow(long newImageBytes) throws IOException {
    writeHeader(device, newImageBytes);
  }

  /** Bytes of the blocks that hold data, by the entries of an image of that size. */
  long storedBytes(long ofImageBytes) throws IOException {
    long stored = 0;
    long ranges = (ofImageBytes + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES;
    for (long first = 0; first < ranges; first += ENTRIES_AT_ONCE) {
      int count = (int) Math.min(ENTRIES_AT_ONCE, ranges - first);
      Page page = read(first, count);
      for (long range = first; range < first + count; range++)
        stored += (long) Integer.bitCount(page.get(range).dataBlocks()) * Payload.BLOCK_BYTES;
    }
    return stored;
  }

  /**
   * @throws CorruptImageException when it is not the sidecar of an image of that size
   */
  static Sidecar open(BlockDevice device, long imageBytes) throws IOException {
    return open(device, imageBytes, imageBytes);
  }

  /**
   * @param grownBytes the size that it may have instead
   */
  static Sidecar open(BlockDevice device, long imageBytes, long grownBytes) throws IOException {
    ByteBuffer header = BufferPool.aligned(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    device.read(0, header);
    if (header.getLong(0) != MAGIC
        || header.getInt(24) != crc(header.slice(0, 24))
        || header.getLong(8) != imageBytes && header.getLong(8) != grownBytes
        || header.getInt(16) != ImageChunk.RANGE_BYTES
        || header.getInt(20) != Payload.BLOCK_BYTES) {
      throw new CorruptImageException(
          0,
          "the sidecar's header is damaged: magic %016x, image of %d bytes, expected %016x and %d"
              .formatted(header.getLong(0), header.getLong(8), MAGIC, imageBytes));
    }
    return new Sidecar(device, header.getLong(8));
  }

  long imageBytes() {
    return imageBytes;
  }

  /** Reads the pages that hold the entries of ranges {@code first .. first + count - 1}. */
  Page read(long first, int count) throws IOException {
    long from = position(first) / PAGE_BYTES * PAGE_BYTES;
    long end = (position(first + count) + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    ByteBuffer bytes = ByteBuffer.allocate((int) (end - from)).order(ByteOrder.LITTLE_ENDIAN);
    lock.lock();
    try {
      for (ByteBuffer piece : pieces(bytes)) {
        device.read(from + piece.position(), passing.clear().limit(piece.remaining()));
        piece.put(passing.flip());
      }
    } finally {
      lock.unlock();
    }
    return new Page(from, bytes);
  }

  void write(Page page) throws IOException {
    lock.lock();
    try {
      for (ByteBuffer piece : pieces(page.bytes)) {
        long at = page.from + piece.position();
        device.write(at, passing.clear().put(piece).flip());
      }
    } finally {
      lock.unlock();
    }
  }

  private static List<ByteBuffer> pieces(ByteBuffer bytes) {
    List<ByteBuffer> pieces = new ArrayList<>();
    for (int at = 0; at < bytes.capacity(); at += PASSING_BYTES)
      pieces.add(
          bytes.duplicate().limit(Math.min(bytes.capacity(), at + PASSING_BYTES)).position(at));
    return pieces;
  }

  void flush() throws IOException {
    device.flush();
  }

  private static long position(long range) {
    return HEADER_BYTES + range * ENTRY_BYTES;
  }

  @Override
  public void close() throws IOException {
    device.close();
  }

  /** Some whole pages of entries in memory. Not thread-safe. */
  static final class Page {
    private final long from;
    private final ByteBuffer bytes;

    private Page(long from, ByteBuffer bytes) {
      this.from = from;
      this.bytes = bytes;
    }

    private int at(long range) {
      return (int) (position(range) - from);
    }

    void put(long range, ImageChunk chunk, int[] checksums) {
      int at = at(range);
      clear(at);
      bytes.putInt(at, chunk.dataBlocks());
      for (int i = 0, next = 0; i < ImageChunk.RANGE_BYTES / Payload.BLOCK_BYTES; i++) {
        if ((chunk.dataBlocks() >>> i & 1) == 1) bytes.putInt(at + 8 + 4 * i, checksums[next++]);
      }
      bytes.put(at + 72, chunk.sourceHash().toArray());
      bytes.putInt(at + 4, entryCrc(range));
    }

    void putZeroes(long range) {
      clear(at(range));
      bytes.putInt(at(range) + 4, entryCrc(range));
    }

    private void clear(int at) {
      for (int i = 0; i < ENTRY_BYTES; i += Long.BYTES) bytes.putLong(at + i, 0);
    }

    /**
     * @throws SidecarDamagedException when the entry's own checksum is wrong
     */
    Entry get(long range) throws SidecarDamagedException {
      int at = at(range);
      int dataBlocks = bytes.getInt(at);
      if (bytes.getInt(at + 4) != entryCrc(range)) {
        throw new SidecarDamagedException("the checksum of its sidecar entry is wrong");
      }
      int[] checksums = new int[Integer.bitCount(dataBlocks)];
      for (int i = 0, next = 0; next < checksums.length; i++) {
        if ((dataBlocks >>> i & 1) == 1) checksums[next++] = bytes.getInt(at + 8 + 4 * i);
      }
      byte[] hash = new byte[ImageChunk.HASH_BYTES];
      bytes.get(at + 72, hash);
      return new Entry(dataBlocks, checksums, Bytes.of(hash));
    }

    private int entryCrc(long range) {
      int at = at(range);
      CRC32C crc = new CRC32C();
      crc.update(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, range));
      crc.update(bytes.slice(at, 4));
      crc.update(bytes.slice(at + 8, ENTRY_BYTES - 8));
      return (int) crc.getValue();
    }
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
