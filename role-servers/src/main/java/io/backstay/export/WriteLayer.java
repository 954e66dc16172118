package io.backstay.export;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.Devices;
import io.backstay.seam.Devices.Caching;
import io.backstay.seam.Directory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What clients wrote over a point, in three files of the export's own directory:
 *
 * <pre>
 *   data   a sparse file as long as the point: the bytes of changed blocks, where they belong
 *   map    {@link MapFile}: which blocks are changed, as of the last flush
 *   live   {@link LiveMap}: which are now, for the next process of this life of the machine
 * </pre>
 *
 * <p><b>A write.</b> A block that it changes only in part, and that nobody changed before, is
 * completed from the point first. Then the bytes go to the data file, then the bits to the live
 * map, then to the map in memory, where reads look: a block is either the point's or whole in the
 * data file. What lies in the data file without a bit means nothing. Only then it is answered; the
 * next process finds it.
 *
 * <p><b>A flush.</b> The bits that are set now are taken down; the data file is flushed, which has
 * their blocks; then they are written to the map file, and that is flushed. So after a loss of
 * power, when the live map means nothing, no bit stands for a block that is not there whole: what
 * was flushed is there, and of what was not each block of 4 KiB is the point's, or sector by sector
 * old or new where it was changed before.
 *
 * <p><b>A failed flush</b> is never retried into success (rule L3): all writes and flushes fail
 * from then on, in the next process too. After a loss of power what was flushed is served.
 *
 * <p>Writes by one thread at a time, flushes by one at a time beside it, reads by any.
 */
final class WriteLayer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(WriteLayer.class);

  private static final String DATA = "data";
  private static final String MAP = "map";
  private static final String LIVE = "live";
  private static final int BLOCK_BYTES = ChangeMap.BLOCK_BYTES;
  private static final int ZERO_BYTES = 256 << 10;

  /** What lies under the changes. */
  interface Below {
    long sizeBytes();

    /** Fills the buffer. */
    void read(long offset, ByteBuffer into) throws IOException;
  }

  private final Below below;
  private final BlockDevice data;
  private final MapFile file;
  private final LiveMap live;
  private final ChangeMap map;
  private final ReentrantLock flushing = new ReentrantLock();

  /** The pages that the map file has. */
  private final long[][] flushed;

  private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
  private final ByteBuffer zeroes = ByteBuffer.allocateDirect(ZERO_BYTES);
  private volatile Optional<IOException> failure = Optional.empty();

  private WriteLayer(
      Below below, BlockDevice data, MapFile file, LiveMap live, ChangeMap map, long[][] flushed) {
    this.below = below;
    this.data = data;
    this.file = file;
    this.live = live;
    this.map = map;
    this.flushed = flushed;
  }

  /** Makes the files, with nothing changed; durable when it returns. */
  static void create(Directory directory, long sizeBytes) throws IOException {
    int pages = ChangeMap.pagesOf(sizeBytes);
    directory.createDevice(DATA, ChangeMap.blocksOf(sizeBytes) * BLOCK_BYTES).close();
    directory.createDevice(MAP, MapFile.sizeBytes(pages)).close();
    directory.sync();
  }

  /**
   * @param bootId this life of the machine
   */
  static WriteLayer open(Directory directory, Devices devices, String bootId, Below below)
      throws IOException {
    ChangeMap map = new ChangeMap(below.sizeBytes());
    List<Closeable> opened = new ArrayList<>();
    try {
      BlockDevice data = open(directory, devices, DATA, opened);
      MapFile file = MapFile.open(open(directory, devices, MAP, opened), map);
      long[][] flushed = new long[map.pages()][];
      for (int number = 0; number < flushed.length; number++) flushed[number] = map.page(number);
      LiveMap live = live(directory, devices, bootId, map, opened);
      return new WriteLayer(below, data, file, live, map, flushed);
    } catch (IOException | RuntimeException e) {
      for (Closeable one : opened) one.close();
      throw e;
    }
  }

  private static LiveMap live(
      Directory directory, Devices devices, String bootId, ChangeMap map, List<Closeable> opened)
      throws IOException {
    if (directory.has(LIVE)) {
      BlockDevice found = open(directory, devices, LIVE, opened);
      Optional<LiveMap> adopted = LiveMap.adopt(found, bootId, map);
      if (adopted.isPresent()) return adopted.get();
      found.close();
    }
    directory.createDevice(LIVE, LiveMap.sizeBytes(map.pages())).close();
    return LiveMap.begin(open(directory, devices, LIVE, opened), bootId);
  }

  /** By way of the page cache: what is written is there for reads, and nobody waits for a disk. */
  private static BlockDevice open(
      Directory directory, Devices devices, String name, List<Closeable> opened)
      throws IOException {
    BlockDevice device = devices.openAlone(directory.description() + "/" + name, Caching.CACHED);
    opened.add(device);
    return device;
  }

  // ---- changes

  void write(long offset, List<ByteBuffer> bytes) throws IOException {
    requireGood();
    long end = offset;
    for (ByteBuffer piece : bytes) end += piece.remaining();
    completeEnds(offset, end);
    long at = offset;
    for (ByteBuffer piece : bytes) {
      int length = piece.remaining();
      data.write(at, piece.duplicate());
      at += length;
    }
    mark(offset, end);
  }

  /** Reads as zeroes from then on; its space is given back (rule L7). */
  void trim(long offset, long lengthBytes) throws IOException {
    requireGood();
    completeEnds(offset, offset + lengthBytes);
    // Also where nobody wrote: a write that was lost with the power may have left its bytes.
    data.zero(offset, lengthBytes);
    mark(offset, offset + lengthBytes);
  }

  /** As {@link #trim}, and its space is kept. */
  void writeZeroes(long offset, long lengthBytes) throws IOException {
    requireGood();
    completeEnds(offset, offset + lengthBytes);
    for (long done = 0; done < lengthBytes; done += ZERO_BYTES) {
      int length = (int) Math.min(ZERO_BYTES, lengthBytes - done);
      data.write(offset + done, zeroes.slice(0, length));
    }
    mark(offset, offset + lengthBytes);
  }

  private void completeEnds(long offset, long end) throws IOException {
    if (offset % BLOCK_BYTES != 0) complete(offset / BLOCK_BYTES);
    if (end % BLOCK_BYTES != 0 && end != below.sizeBytes()) complete(end / BLOCK_BYTES);
  }

  /** The data file gets what the point has of a block of which only a part is going to change. */
  private void complete(long number) throws IOException {
    if (map.isChanged(number)) return;
    long at = number * BLOCK_BYTES;
    block.clear().limit((int) Math.min(BLOCK_BYTES, below.sizeBytes() - at));
    below.read(at, block);
    data.write(at, block.flip());
  }

  private void mark(long offset, long end) throws IOException {
    long from = offset / BLOCK_BYTES;
    long to = ChangeMap.blocksOf(end);
    int last = (int) ((to - 1) / ChangeMap.BLOCKS_PER_PAGE);
    for (int number = (int) (from / ChangeMap.BLOCKS_PER_PAGE); number <= last; number++) {
      Optional<long[]> page = map.with(number, from, to);
      if (page.isEmpty()) continue;
      live.write(number, page.get());
      map.put(number, page.get());
    }
  }

  /** Everything that was written before is durable when it returns. */
  void flush() throws IOException {
    flushing.lock();
    try {
      requireGood();
      Map<Integer, long[]> changed = changedSinceFlush();
      flushOrFail(data::flush);
      if (changed.isEmpty()) return;
      file.write(changed);
      flushOrFail(file::flush);
      changed.forEach((number, page) -> flushed[number] = page);
    } finally {
      flushing.unlock();
    }
  }

  private Map<Integer, long[]> changedSinceFlush() {
    Map<Integer, long[]> changed = new TreeMap<>();
    for (int number = 0; number < flushed.length; number++) {
      long[] page = map.page(number);
      if (!Arrays.equals(page, flushed[number])) changed.put(number, page);
    }
    return changed;
  }

  private interface Flush {
    void run() throws IOException;
  }

  private void flushOrFail(Flush flush) throws IOException {
    try {
      flush.run();
    } catch (IOException e) {
      fail(e);
      throw e;
    }
  }

  private void fail(IOException cause) {
    failure = Optional.of(cause);
    try {
      live.noteFailedFlush();
    } catch (IOException e) {
      LOG.error("the next process will not know that a flush failed", e);
    }
  }

  private void requireGood() throws IOException {
    if (failure.isPresent())
      throw new IOException("a flush failed before: " + failure.get().getMessage(), failure.get());
  }

  /** What failed, if a flush did. */
  Optional<IOException> failure() {
    return failure;
  }

  // ---- reading

  /** Which blocks lie in here. */
  ChangeMap map() {
    return map;
  }

  /** As {@link BlockDevice#readNow}, of changed blocks. */
  boolean readNow(long offset, ByteBuffer into) throws IOException {
    return data.readNow(offset, into);
  }

  /** Fills the buffer from changed blocks. */
  void read(long offset, ByteBuffer into) throws IOException {
    data.read(offset, into);
  }

  /** As {@link BlockDevice#nextData}, of changed blocks. */
  long nextData(long offset) throws IOException {
    return data.nextData(offset);
  }

  /** What was not flushed stays for the next process of this life of the machine. */
  @Override
  public void close() throws IOException {
    try (data;
        file) {
      live.close();
    }
  }
}
