package io.backstay.history;

import io.backstay.seam.BlockDevice;
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
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/**
 * The wdiffs of a chain, read in blocks of 64 KiB, each of which is compared with its CRC32C in the
 * sidecar before anybody sees a byte of it (rule X3). Neighbouring records lie in one block, and
 * blocks that were read lately are kept, so whoever goes through the volume reads each wdiff once.
 *
 * <p>Memory does not grow with the chain but for a few words per diff: the checksums lie in a file
 * of their own, and so many wdiffs stay open; the others are opened for each block.
 */
final class DiffFiles implements Closeable {
  private static final int OPEN_MAX = 512;
  private static final int CACHED_BLOCKS = 640;
  private static final long BLOCK_CACHE_BYTES = (long) CACHED_BLOCKS * Payload.BLOCK_BYTES;

  /** A disk that gives 64 KiB at a time gives half of what it gives with 256. */
  private static final int AHEAD_MAX = 8;

  /** Room in the cache for what is not read ahead. */
  private static final int CACHED_OTHERS = 64;

  /** Of each diff the block that is read now, the one before it, and half of a run. */
  private static final int CACHED_BESIDE_RUN = 2;

  private static final int AHEAD_AT_A_TIME = 8;
  private static final long SUM_CACHE_BYTES = 1 << 20;

  private final DiffStore.Pin pin;
  private final List<KeptDiff> chain;
  private final BlockReads reads;
  private final BlockReads runs;
  private final PageFile sums;

  /** Number of the first checksum of each diff. */
  private final long[] firstSum;

  /** The block of each diff that was asked for last. */
  private final int[] newest;

  private final ReentrantLock opening = new ReentrantLock();
  private final Map<Integer, BlockDevice> open = new HashMap<>();
  private final Recent<Place, byte[]> blocks =
      new Recent<>(BLOCK_CACHE_BYTES, block -> block.length);
  private final Recent<Long, ByteBuffer> sumPages =
      new Recent<>(SUM_CACHE_BYTES, page -> PageFile.PAGE_BYTES);

  /** A block of 64 KiB of a wdiff. */
  record Place(int rank, int block) {}

  private DiffFiles(
      DiffStore.Pin pin, List<KeptDiff> chain, BlockReads reads, PageFile sums, long[] firstSum) {
    this.pin = pin;
    this.chain = chain;
    this.reads = reads;
    int each = (CACHED_BLOCKS - CACHED_OTHERS) / Math.max(1, chain.size());
    int ahead = Math.clamp(2L * (each - CACHED_BESIDE_RUN) + 1, 1, AHEAD_MAX);
    this.runs = new BlockReads(AHEAD_AT_A_TIME, ahead * Payload.BLOCK_BYTES);
    this.sums = sums;
    this.firstSum = firstSum;
    this.newest = new int[chain.size()];
  }

  /**
   * @param pin taken over, also when this throws
   */
  static DiffFiles open(DiffStore.Pin pin, List<KeptDiff> chain, BlockReads reads)
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
      DiffFiles files = new DiffFiles(pin, chain, reads, writing.finish(reads), firstSum);
      opened = true;
      return files;
    } finally {
      if (!opened) pin.close();
    }
  }

  List<KeptDiff> chain() {
    return chain;
  }

  DiffStore.Pin pin() {
    return pin;
  }

  /**
   * Bytes of a wdiff, which nobody may change.
   *
   * @throws DamagedDiffException where they are not what the sidecar says, or behind its end
   */
  ByteBuffer read(int rank, long position, int bytes) throws IOException {
    KeptDiff kept = chain.get(rank);
    if (bytes < 0 || position + bytes > kept.fileBytes())
      throw new DamagedDiffException(
          kept,
          position,
          "%d bytes are expected here, the file has %d".formatted(bytes, kept.fileBytes()));
    int inBlock = (int) (position % Payload.BLOCK_BYTES);
    if (inBlock + bytes <= Payload.BLOCK_BYTES)
      return ByteBuffer.wrap(block(rank, position), inBlock, bytes).slice();
    ByteBuffer whole = ByteBuffer.allocate(bytes);
    for (long at = position; whole.hasRemaining(); ) {
      byte[] block = block(rank, at);
      int from = (int) (at % Payload.BLOCK_BYTES);
      int length = Math.min(block.length - from, whole.remaining());
      whole.put(block, from, length);
      at += length;
    }
    return whole.flip();
  }

  /** As it is known, or as it is read and compared now; nobody may change it. */
  private byte[] block(int rank, long position) throws IOException {
    int number = (int) (position / Payload.BLOCK_BYTES);
    boolean goesOn = number == newest[rank] + 1;
    newest[rank] = number;
    // The one before may still be wanted by who reads a range beside this one.
    if (goesOn && number > 1) blocks.usedUp(new Place(rank, number - 2));
    return blocks.get(new Place(rank, number), () -> load(rank, number));
  }

  /** Whether a block need not be read. */
  boolean isThere(Place place) {
    return blocks.isThere(place);
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
      for (int number = 0; number < blocks; number++) load(rank, number);
    }
  }

  /**
   * Reads a block and, as long as they are not there, those behind it: for whoever goes through the
   * volume. Of a long chain fewer, so that none is forgotten before it is used; and the runs of its
   * diffs end at different places, or all would be full at the same time.
   */
  void fetch(Place first) throws IOException {
    long blocks = firstSum[first.rank + 1] - firstSum[first.rank];
    int ahead = runs.bytesMax() / Payload.BLOCK_BYTES;
    int number = (int) Math.min(ahead - (first.rank + first.block) % ahead, blocks - first.block);
    List<Place> run = new ArrayList<>();
    for (int i = 0; i < number; i++) run.add(new Place(first.rank, first.block + i));
    this.blocks.fetch(run, claimed -> load(first.rank, first.block, claimed, runs));
  }

  private byte[] load(int rank, int number) throws IOException {
    return load(rank, number, 1, reads).getFirst();
  }

  private List<byte[]> load(int rank, int first, int number, BlockReads by) throws IOException {
    KeptDiff kept = chain.get(rank);
    long position = (long) first * Payload.BLOCK_BYTES;
    int bytes = (int) Math.min((long) number * Payload.BLOCK_BYTES, kept.fileBytes() - position);
    List<byte[]> blocks = load(rank, position, bytes, by);
    CRC32C crc = new CRC32C();
    for (int i = 0; i < number; i++) {
      crc.reset();
      crc.update(blocks.get(i));
      int expected = sum(firstSum[rank] + first + i);
      if ((int) crc.getValue() != expected)
        throw new DamagedDiffException(
            kept,
            position + (long) i * Payload.BLOCK_BYTES,
            "CRC32C %08x, its sidecar says %08x".formatted(crc.getValue(), expected));
    }
    return blocks;
  }

  private List<byte[]> load(int rank, long position, int bytes, BlockReads by) throws IOException {
    BlockDevice device = device(rank);
    try {
      if (device.sizeBytes() != chain.get(rank).fileBytes())
        throw new DamagedDiffException(
            chain.get(rank),
            position,
            "the file has %d bytes, its sidecar says %d"
                .formatted(device.sizeBytes(), chain.get(rank).fileBytes()));
      return by.readBlocks(device, position, bytes);
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
    List<Closeable> all = new ArrayList<>();
    opening.lock();
    try {
      all.addAll(open.values());
      open.clear();
    } finally {
      opening.unlock();
    }
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
