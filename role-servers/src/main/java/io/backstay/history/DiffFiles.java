package io.backstay.history;

import io.backstay.history.ChainMemory.Owned;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Time;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Payload;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wdiffs of a chain, read in blocks of 64 KiB, each of which is compared with its CRC32C in the
 * sidecar before anybody sees a byte of it (rule X3). Neighbouring records lie in one block, and
 * blocks that were read lately are kept, so whoever goes through the volume reads each wdiff once.
 *
 * <p>Memory is that of all who read chains ({@link ChainMemory}) and a few words per diff: the
 * checksums lie in a file of their own, and so many wdiffs stay open; the others are opened for
 * each block.
 */
final class DiffFiles implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(DiffFiles.class);
  private static final int OPEN_MAX = 512;
  private static final long SUM_CACHE_BYTES = 1 << 20;

  private final DiffStore.Pin pin;
  private final List<KeptDiff> chain;
  private final ChainMemory memory;
  private final PageFile sums;

  /** Number of the first checksum of each diff. */
  private final long[] firstSum;

  /** The block of each diff that was asked for last. */
  private final int[] newest;

  /** Whether somebody goes through the volume. */
  private final AtomicBoolean walked = new AtomicBoolean();

  /** Those that read on, and whoever waits for them. */
  private final Phaser readingOn = new Phaser(1);

  private final ReentrantLock opening = new ReentrantLock();
  private final Map<Integer, BlockDevice> open = new HashMap<>();
  private final Recent<Long, ByteBuffer> sumPages =
      new Recent<>(SUM_CACHE_BYTES, page -> PageFile.PAGE_BYTES);

  /** A block of 64 KiB of a wdiff. */
  record Place(int rank, int block) {}

  private DiffFiles(
      DiffStore.Pin pin, List<KeptDiff> chain, ChainMemory memory, PageFile sums, long[] firstSum) {
    this.pin = pin;
    this.chain = chain;
    this.memory = memory;
    this.sums = sums;
    this.firstSum = firstSum;
    this.newest = new int[chain.size()];
  }

  /**
   * @param pin taken over, also when this throws
   */
  static DiffFiles open(DiffStore.Pin pin, List<KeptDiff> chain, ChainMemory memory)
      throws IOException {
    long[] firstSum = new long[chain.size() + 1];
    boolean opened = false;
    try (PageFile.Writing writing =
        new PageFile.Writing(pin.scratch(), pin.scratchName("sums"), Integer.BYTES)) {
      for (int rank = 0; rank < chain.size(); rank++) {
        DiffSidecar sidecar = pin.sidecar(chain.get(rank));
        ByteBuffer checksums =
            ByteBuffer.wrap(sidecar.checksums().toArray()).order(ByteOrder.LITTLE_ENDIAN);
        while (checksums.hasRemaining()) writing.next().putInt(checksums.getInt());
        firstSum[rank + 1] = writing.entries();
      }
      DiffFiles files = new DiffFiles(pin, chain, memory, writing.finish(memory.reads), firstSum);
      opened = true;
      return files;
    } finally {
      if (!opened) pin.close();
    }
  }

  ChainMemory memory() {
    return memory;
  }

  List<KeptDiff> chain() {
    return chain;
  }

  DiffStore.Pin pin() {
    return pin;
  }

  /**
   * Bytes of a wdiff.
   *
   * @param into its remaining bytes are how many; they are ready to be read then
   * @throws DamagedDiffException where they are not what the sidecar says, or behind its end
   */
  ByteBuffer read(int rank, long position, ByteBuffer into) throws IOException {
    KeptDiff kept = chain.get(rank);
    int bytes = into.remaining();
    if (position + bytes > kept.fileBytes())
      throw new DamagedDiffException(
          kept,
          position,
          "%d bytes are expected here, the file has %d".formatted(bytes, kept.fileBytes()));
    for (long at = position; into.hasRemaining(); ) {
      int from = (int) (at % Payload.BLOCK_BYTES);
      int length = Math.min(Payload.BLOCK_BYTES - from, into.remaining());
      useBlock(rank, at, block -> into.put(block.slice(from, length)));
      at += length;
    }
    return into.flip();
  }

  /** As it is known, or as it is read and compared now. */
  private void useBlock(int rank, long position, Recent.Reader<ByteBuffer> reader)
      throws IOException {
    int number = (int) (position / Payload.BLOCK_BYTES);
    boolean goesOn = number == newest[rank] + 1;
    newest[rank] = number;
    // The one before may still be wanted by who reads a range beside this one.
    if (goesOn && number > 1) memory.blocks.usedUp(mine(new Place(rank, number - 2)));
    memory.blocks.use(mine(new Place(rank, number)), () -> load(rank, number), reader);
  }

  private Owned<Place> mine(Place place) {
    return new Owned<>(this, place);
  }

  /** Whether a block need not be read. */
  boolean isThere(Place place) {
    return memory.blocks.isThere(mine(place));
  }

  /** The blocks in which those bytes of a wdiff lie; none behind its end. */
  List<Place> places(int rank, long position, int bytes) {
    long end = Math.min(position + bytes, chain.get(rank).fileBytes());
    List<Place> places = new ArrayList<>();
    for (long at = position; at < end; at += Payload.BLOCK_BYTES - at % Payload.BLOCK_BYTES)
      places.add(new Place(rank, (int) (at / Payload.BLOCK_BYTES)));
    return places;
  }

  /** Reads everything and compares it. */
  void compareAll() throws IOException {
    for (int rank = 0; rank < chain.size(); rank++) {
      long blocks = firstSum[rank + 1] - firstSum[rank];
      for (int number = 0; number < blocks; number++) memory.giveBack(List.of(load(rank, number)));
    }
  }

  /**
   * Reads a block and, as long as they are not there, those behind it: for whoever goes through the
   * volume. Of a long chain fewer, so that none is forgotten before it is used; and the runs of its
   * diffs end at different places, or all would be full at the same time.
   */
  void fetch(Place first) throws IOException {
    if (walked.compareAndSet(false, true)) memory.walking(chain.size());
    long blocks = firstSum[first.rank + 1] - firstSum[first.rank];
    int ahead = memory.runBlocks();
    int number = (int) Math.min(ahead - (first.rank + first.block) % ahead, blocks - first.block);
    List<Owned<Place>> run = new ArrayList<>();
    for (int i = 0; i < number; i++) run.add(mine(new Place(first.rank, first.block + i)));
    memory.blocks.fetch(run, claimed -> load(first.rank, first.block, claimed, memory.runs));
  }

  /** As {@link #fetch}. What cannot be read is met again by whoever needs it. */
  void tryToFetch(Place first) {
    try {
      fetch(first);
    } catch (IOException e) {
      LOG.debug("read ahead: {}", e.getMessage());
    }
  }

  /**
   * Begins to fetch the run behind a block that is there, if it is the last of its own. It is
   * needed soon, and if all who read neighbouring ranges had to wait for it, the disk would wait
   * for them when they go on.
   */
  void readOn(Place last, Time time) {
    Place next = new Place(last.rank, last.block + 1);
    boolean isBehindEnd = firstSum[next.rank] + next.block == firstSum[next.rank + 1];
    if (isBehindEnd || memory.blocks.isKnown(mine(next))) return;
    readingOn.register();
    time.fork(
        "read on",
        () -> {
          try {
            tryToFetch(next);
          } finally {
            readingOn.arriveAndDeregister();
          }
        });
  }

  /** Until nothing that {@link #readOn} began is being read any more. */
  void awaitReadOn() {
    readingOn.arriveAndAwaitAdvance();
  }

  private ByteBuffer load(int rank, int number) throws IOException {
    return load(rank, number, 1, memory.reads).getFirst();
  }

  private List<ByteBuffer> load(int rank, int first, int number, BlockReads by) throws IOException {
    List<ByteBuffer> blocks = Stream.generate(memory::take).limit(number).toList();
    boolean loaded = false;
    try {
      load(rank, first, blocks, by);
      loaded = true;
      return blocks;
    } finally {
      if (!loaded) memory.giveBack(blocks);
    }
  }

  private void load(int rank, int first, List<ByteBuffer> into, BlockReads by) throws IOException {
    KeptDiff kept = chain.get(rank);
    long position = (long) first * Payload.BLOCK_BYTES;
    long bytes = Math.min((long) into.size() * Payload.BLOCK_BYTES, kept.fileBytes() - position);
    load(rank, position, (int) bytes, into, by);
    CRC32C crc = new CRC32C();
    for (int i = 0; i < into.size(); i++) {
      crc.reset();
      crc.update(into.get(i).duplicate());
      int expected = sum(firstSum[rank] + first + i);
      if ((int) crc.getValue() != expected)
        throw new DamagedDiffException(
            kept,
            position + (long) i * Payload.BLOCK_BYTES,
            "CRC32C %08x, its sidecar says %08x".formatted(crc.getValue(), expected));
    }
  }

  private void load(int rank, long position, int bytes, List<ByteBuffer> into, BlockReads by)
      throws IOException {
    BlockDevice device = device(rank);
    try {
      if (device.sizeBytes() != chain.get(rank).fileBytes())
        throw new DamagedDiffException(
            chain.get(rank),
            position,
            "the file has %d bytes, its sidecar says %d"
                .formatted(device.sizeBytes(), chain.get(rank).fileBytes()));
      by.read(device, position, bytes, into);
    } finally {
      release(rank, device);
    }
  }

  private BlockDevice device(int rank) throws IOException {
    opening.lock();
    try {
      BlockDevice known = open.get(rank);
      if (known != null) return known;
      BlockDevice device = pin.open(chain.get(rank));
      if (open.size() < OPEN_MAX) open.put(rank, device);
      return device;
    } finally {
      opening.unlock();
    }
  }

  private void release(int rank, BlockDevice device) throws IOException {
    opening.lock();
    try {
      if (!device.equals(open.get(rank))) device.close();
    } finally {
      opening.unlock();
    }
  }

  private int sum(long number) throws IOException {
    long page = number / sums.entriesInPage();
    ByteBuffer entries = sumPages.get(page, () -> sums.read(page));
    return entries.getInt((int) (number % sums.entriesInPage()) * Integer.BYTES);
  }

  @Override
  public void close() throws IOException {
    awaitReadOn();
    List<Closeable> all = new ArrayList<>();
    opening.lock();
    try {
      all.addAll(open.values());
      open.clear();
    } finally {
      opening.unlock();
    }
    memory.forget(this);
    if (walked.compareAndSet(true, false)) memory.walking(-chain.size());
    all.add(sums);
    all.add(pin);
    closeAll(all);
  }

  /** Closes all of them, whatever fails. */
  static void closeAll(List<? extends Closeable> all) throws IOException {
    IOException first = null;
    for (Closeable one : all) {
      try {
        one.close();
      } catch (IOException e) {
        if (first == null) first = e;
        else first.addSuppressed(e);
      }
    }
    if (first != null) throw first;
  }
}
