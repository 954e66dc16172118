package io.backstay.twin;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * The bytes of a file or block device, and what a loss of power could make of them.
 *
 * <p><b>Chunks.</b> Bytes lie in chunks of 4 KiB, absent where all is zero. A chunk's array never
 * changes once it is in the map; a write puts a new one. So clones and older versions share arrays
 * and cost nothing.
 *
 * <p><b>Versions.</b> A chunk written since the last flush keeps its older versions, the durable
 * one first. A loss of power takes one of them for the whole chunk or for each sector of 512 bytes,
 * chunk by chunk: lost, torn, reordered. A flush that succeeds forgets the older versions.
 *
 * <p><b>Failed flush.</b> As with a real kernel, what a failed flush covered is no longer written
 * back by later ones: its sectors are doomed, and stay uncertain over any number of successful
 * flushes until they are written again (rule L3).
 *
 * <p>Not thread-safe: {@link MemoryDisk} holds its lock around every call.
 */
final class MemoryFile implements MemoryNode {
  static final int CHUNK_BYTES = 4096;
  static final int SECTOR_BYTES = 512;
  private static final int SECTORS = CHUNK_BYTES / SECTOR_BYTES;
  private static final int ALL_SECTORS = (1 << SECTORS) - 1;

  /** Older versions of one chunk that are kept; between these the oldest but the durable one go. */
  private static final int VERSIONS_MAX = 4;

  private static final byte[] ZEROES = new byte[CHUNK_BYTES];

  /** What a chunk may be after a loss of power, beside its current content. */
  private static final class History {
    final List<byte[]> older = new ArrayList<>();
    int doomedSectors;
  }

  private final long inode;
  private final boolean blockDevice;
  private final TreeMap<Long, byte[]> chunks = new TreeMap<>();
  private final TreeMap<Long, History> unflushed = new TreeMap<>();
  private long sizeBytes;
  private long durableSizeBytes;
  private long changes;
  private Optional<MemoryOpenFile> writer = Optional.empty();

  private MemoryFile(long inode, boolean blockDevice, long sizeBytes) {
    this.inode = inode;
    this.blockDevice = blockDevice;
    this.sizeBytes = sizeBytes;
    this.durableSizeBytes = sizeBytes;
  }

  static MemoryFile file(long inode) {
    return new MemoryFile(inode, false, 0);
  }

  static MemoryFile blockDevice(long inode, long sizeBytes) {
    return new MemoryFile(inode, true, sizeBytes);
  }

  /** A frozen copy; shares the chunks. */
  MemoryFile copy(long inode) {
    MemoryFile copy = new MemoryFile(inode, false, sizeBytes);
    copy.chunks.putAll(chunks);
    return copy;
  }

  @Override
  public long inode() {
    return inode;
  }

  boolean isBlockDevice() {
    return blockDevice;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** Whether a living process has the block device open for writing. */
  boolean isClaimed() {
    return writer.isPresent() && writer.get().isOpen();
  }

  void claim(MemoryOpenFile by) {
    writer = Optional.of(by);
  }

  /** Grows with every change of bytes or size. */
  long changes() {
    return changes;
  }

  @Override
  public long usedBytes() {
    return blockDevice ? 0 : (long) chunks.size() * CHUNK_BYTES;
  }

  void read(long offset, ByteBuffer into) {
    long at = offset;
    while (into.hasRemaining()) {
      int from = (int) (at % CHUNK_BYTES);
      int length = Math.min(CHUNK_BYTES - from, into.remaining());
      into.put(chunks.getOrDefault(at / CHUNK_BYTES, ZEROES), from, length);
      at += length;
    }
  }

  /**
   * Takes bytes until the buffer or the space is used up; the file grows where they end behind it.
   *
   * @param freeBytes space for chunks that are not there yet
   */
  void write(long offset, ByteBuffer from, long freeBytes) {
    long at = offset;
    long free = freeBytes;
    while (from.hasRemaining()) {
      long index = at / CHUNK_BYTES;
      byte[] old = chunks.get(index);
      if (old == null && (free -= CHUNK_BYTES) < 0) break;
      int start = (int) (at % CHUNK_BYTES);
      int length = Math.min(CHUNK_BYTES - start, from.remaining());
      byte[] content = old == null ? new byte[CHUNK_BYTES] : old.clone();
      from.get(content, start, length);
      put(index, content, sectors(start, length));
      at += length;
    }
    sizeBytes = Math.max(sizeBytes, at);
  }

  void zero(long offset, long lengthBytes) {
    long end = offset + lengthBytes;
    long first = offset / CHUNK_BYTES;
    long last = (end + CHUNK_BYTES - 1) / CHUNK_BYTES;
    TreeSet<Long> touched = new TreeSet<>(chunks.subMap(first, last).keySet());
    // What is zero already but was covered by a flush that failed is written again, too.
    touched.addAll(unflushed.subMap(first, last).keySet());
    for (long index : touched) {
      int start = (int) Math.max(0, offset - index * CHUNK_BYTES);
      int stop = (int) Math.min(CHUNK_BYTES, end - index * CHUNK_BYTES);
      byte[] content = chunks.getOrDefault(index, ZEROES).clone();
      Arrays.fill(content, start, stop, (byte) 0);
      put(index, content, sectors(start, stop - start));
    }
    changes++;
  }

  void resize(long newSizeBytes) {
    if (newSizeBytes < sizeBytes) zero(newSizeBytes, sizeBytes - newSizeBytes);
    sizeBytes = newSizeBytes;
    changes++;
  }

  /** As {@link #resize}, but durable at once. */
  void resizeDurably(long newSizeBytes) {
    resize(newSizeBytes);
    durableSizeBytes = newSizeBytes;
  }

  /** Position of the first chunk at or behind the offset, or the file's size. */
  long nextData(long offset) {
    Long index = chunks.ceilingKey(offset / CHUNK_BYTES);
    return index == null ? sizeBytes : Math.min(sizeBytes, Math.max(offset, index * CHUNK_BYTES));
  }

  void flush() {
    unflushed
        .entrySet()
        .removeIf(entry -> {
          History history = entry.getValue();
          byte[] now = chunks.getOrDefault(entry.getKey(), ZEROES);
          history.older.replaceAll(old -> mixed(now, old, history.doomedSectors));
          return history.doomedSectors == 0;
        });
    durableSizeBytes = sizeBytes;
  }

  void failFlush() {
    for (History history : unflushed.values()) history.doomedSectors = ALL_SECTORS;
  }

  /** Flips a bit behind everybody's back: also a loss of power does not bring the old one back. */
  void rot(long offset, int bit) {
    long index = offset / CHUNK_BYTES;
    int at = (int) (offset % CHUNK_BYTES);
    chunks.put(index, flipped(chunks.getOrDefault(index, ZEROES), at, bit));
    History history = unflushed.get(index);
    if (history != null) history.older.replaceAll(old -> flipped(old, at, bit));
  }

  @Override
  public void losePower(RandomGenerator random) {
    double keep = keepProbability(random);
    for (Map.Entry<Long, History> entry : unflushed.entrySet()) {
      store(entry.getKey(), survivor(entry.getKey(), entry.getValue(), keep, random));
    }
    unflushed.clear();
    long low = Math.min(durableSizeBytes, sizeBytes);
    long high = Math.max(durableSizeBytes, sizeBytes);
    long size = random.nextDouble() < keep ? sizeBytes : durableSizeBytes;
    resizeDurably(random.nextInt(3) == 0 ? low + random.nextLong(high - low + 1) : size);
    unflushed.clear();
  }

  /** Nothing, everything, or something in between: the extremes are the commonest in life. */
  static double keepProbability(RandomGenerator random) {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> 1;
      default -> random.nextDouble();
    };
  }

  private byte[] survivor(long index, History history, double keep, RandomGenerator random) {
    byte[] now = chunks.getOrDefault(index, ZEROES);
    if (random.nextInt(4) > 0) return version(now, history, keep, random);
    byte[] torn = new byte[CHUNK_BYTES];
    for (int sector = 0; sector < SECTORS; sector++) {
      byte[] version = version(now, history, keep, random);
      System.arraycopy(version, sector * SECTOR_BYTES, torn, sector * SECTOR_BYTES, SECTOR_BYTES);
    }
    return torn;
  }

  private static byte[] version(byte[] now, History history, double keep, RandomGenerator random) {
    if (random.nextDouble() < keep) return now;
    // The durable version is as likely as all that came between.
    boolean durable = random.nextBoolean();
    return history.older.get(durable ? 0 : random.nextInt(history.older.size()));
  }

  private void put(long index, byte[] content, int sectors) {
    History history = unflushed.computeIfAbsent(index, fresh -> new History());
    history.older.add(chunks.getOrDefault(index, ZEROES));
    if (history.older.size() > VERSIONS_MAX) history.older.remove(1);
    history.doomedSectors &= ~sectors;
    store(index, content);
    changes++;
  }

  private void store(long index, byte[] content) {
    if (Arrays.equals(content, ZEROES)) chunks.remove(index);
    else chunks.put(index, content);
  }

  private static byte[] flipped(byte[] old, int at, int bit) {
    byte[] rotten = old.clone();
    rotten[at] = (byte) (rotten[at] ^ 1 << bit);
    return rotten;
  }

  /** The current content, with the doomed sectors of an older version. */
  private static byte[] mixed(byte[] now, byte[] old, int doomedSectors) {
    if (doomedSectors == ALL_SECTORS) return old;
    byte[] mixed = now.clone();
    for (int sector = 0; sector < SECTORS; sector++) {
      if ((doomedSectors >>> sector & 1) == 1) {
        System.arraycopy(old, sector * SECTOR_BYTES, mixed, sector * SECTOR_BYTES, SECTOR_BYTES);
      }
    }
    return mixed;
  }

  /** Bits of the sectors that a range of a chunk touches. */
  private static int sectors(int start, int length) {
    int first = start / SECTOR_BYTES;
    int last = (start + length - 1) / SECTOR_BYTES;
    return (1 << last + 1) - (1 << first);
  }
}
