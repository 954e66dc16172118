package io.backstay.export;

import io.backstay.seam.BlockDevice;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The {@link ChangeMap} as it is now, in a file that is never flushed: what the death of a process
 * leaves of it. After a loss of power it means nothing, since the disk may have got a bit before
 * the block that it stands for; so its head names the life of the machine in which it was written.
 *
 * <pre>
 *     0  8  "BSLIVING"
 *     8  4  version: 1
 *    12  4  CRC32C of what follows
 *    16  4  0 while all is well, 1 once a flush has failed
 *    20  4  length of the boot id
 *    24     the boot id
 *  4096     pages of the map, each as {@link MapPage} draws it; zeroes where nothing is changed
 * </pre>
 */
final class LiveMap implements Closeable {
  private static final int PAGE_BYTES = MapPage.SIZE_BYTES;
  private static final long MAGIC = 0x474e4956494c5342L; // BSLIVING
  private static final int VERSION = 1;
  private static final int CHECKSUM_OFFSET = 12;
  private static final int CHECKED_OFFSET = 16;
  private static final int BOOT_BYTES_MAX = 256;

  /** Whether what the file system has of the export can be believed. */
  private enum State {
    GOOD,
    FLUSH_FAILED
  }

  private record Head(State state, String bootId) {}

  private final BlockDevice file;
  private final String bootId;

  private LiveMap(BlockDevice file, String bootId) {
    this.file = file;
    this.bootId = bootId;
  }

  static long sizeBytes(int pages) {
    return (1L + pages) * PAGE_BYTES;
  }

  /** Makes a new file, all zero, into one that adds nothing to what the map file has. */
  static LiveMap begin(BlockDevice file, String bootId) throws IOException {
    LiveMap begun = new LiveMap(file, bootId);
    begun.writeHead(State.GOOD);
    return begun;
  }

  /**
   * What a process that died in this life of the machine left; its blocks are put into the map,
   * which has those of the map file. Empty where the file is of another life.
   *
   * @throws IOException where a flush had failed: what was not flushed before may be gone, although
   *     the clients that wrote it live on (rule L3)
   */
  static Optional<LiveMap> adopt(BlockDevice file, String bootId, ChangeMap map)
      throws IOException {
    LiveMap found = new LiveMap(file, bootId);
    Optional<Head> head = found.readHead();
    if (head.isEmpty() || !head.get().bootId().equals(bootId)) return Optional.empty();
    if (head.get().state() == State.FLUSH_FAILED)
      throw new IOException(
          "a flush of %s had failed, so what was written may be gone: close the export and open it anew"
              .formatted(file));
    for (int number = 0; number < map.pages(); number++) {
      Optional<MapPage> page = found.read(number);
      if (page.isPresent()) map.put(number, ChangeMap.union(map.page(number), page.get().blocks()));
    }
    return Optional.of(found);
  }

  private Optional<MapPage> read(int number) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocateDirect(PAGE_BYTES);
    file.read(position(number), bytes);
    if (bytes.flip().mismatch(ByteBuffer.allocate(PAGE_BYTES)) < 0) return Optional.empty();
    Optional<MapPage> page = MapPage.read(bytes, number);
    if (page.isEmpty()) throw new IOException("page %d of %s is damaged".formatted(number, file));
    return page;
  }

  /** The next process will know of it. */
  void write(int number, long[] blocks) throws IOException {
    file.write(position(number), new MapPage(number, 0, blocks).bytes());
  }

  private static long position(int number) {
    return (1L + number) * PAGE_BYTES;
  }

  /** From now on the next process refuses to serve what this one has. */
  void noteFailedFlush() throws IOException {
    writeHead(State.FLUSH_FAILED);
  }

  private void writeHead(State state) throws IOException {
    byte[] boot = bootId.getBytes(StandardCharsets.UTF_8);
    ByteBuffer head = ByteBuffer.allocateDirect(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    head.putLong(MAGIC).putInt(VERSION).putInt(0).putInt(state.ordinal());
    head.putInt(boot.length).put(boot);
    file.write(0, head.putInt(CHECKSUM_OFFSET, checksum(head)).position(0));
  }

  private Optional<Head> readHead() throws IOException {
    ByteBuffer head = ByteBuffer.allocateDirect(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    file.read(0, head);
    boolean whole =
        head.getLong(0) == MAGIC
            && head.getInt(8) == VERSION
            && head.getInt(CHECKSUM_OFFSET) == checksum(head);
    if (!whole) return Optional.empty();
    byte[] boot = new byte[Math.clamp(head.getInt(20), 0, BOOT_BYTES_MAX)];
    head.get(24, boot);
    return Optional.of(
        new Head(State.values()[head.getInt(16)], new String(boot, StandardCharsets.UTF_8)));
  }

  private static int checksum(ByteBuffer head) {
    CRC32C crc = new CRC32C();
    crc.update(head.slice(CHECKED_OFFSET, PAGE_BYTES - CHECKED_OFFSET));
    return (int) crc.getValue();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
