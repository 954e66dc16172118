package io.backstay.history;

import io.backstay.diff.Errand;
import io.backstay.seam.Time;
import io.backstay.wire.Payload;
import io.backstay.wlog.LogLayout;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A chain of diffs as one layer over the image that it begins at: which bytes they hold, and these
 * (rule X8).
 *
 * <p>The headers of all diffs are merged once, newest first, into an index in a file; payloads are
 * read when somebody asks. So memory does not grow with the number of diffs nor with what they
 * hold: streams are merged {@link #MERGED_AT_ONCE} at a time, again and again where there are more.
 * The diffs stay readable until the layer is closed, whatever merges and applies make of them.
 */
public final class DiffLayer implements Closeable {
  /** Each takes the header of one pack in memory. */
  private static final int MERGED_AT_ONCE = 128;

  private final DiffFiles files;
  private final ExtentIndex index;
  private final Unpacking payloads;

  private DiffLayer(DiffFiles files, ExtentIndex index) {
    this.files = files;
    this.index = index;
    this.payloads = new Unpacking(files);
  }

  /**
   * @param pin of these diffs, taken over, also when this throws
   * @param chain oldest first
   * @throws DamagedDiffException where the headers of one do not hold
   */
  public static DiffLayer open(DiffStore.Pin pin, List<KeptDiff> chain, ChainMemory memory)
      throws IOException {
    DiffFiles files = DiffFiles.open(pin, List.copyOf(chain), memory);
    boolean opened = false;
    try {
      DiffLayer layer = new DiffLayer(files, merge(files));
      opened = true;
      return layer;
    } finally {
      if (!opened) files.close();
    }
  }

  private static ExtentIndex merge(DiffFiles files) throws IOException {
    List<ExtentIndex> merged = new ArrayList<>();
    try {
      for (int first = 0; first < files.chain().size(); first += MERGED_AT_ONCE) {
        List<ExtentStream> streams = new ArrayList<>();
        int end = Math.min(first + MERGED_AT_ONCE, files.chain().size());
        for (int rank = first; rank < end; rank++) streams.add(new DiffScan(files, rank));
        merged.add(write(files, streams));
      }
      if (merged.isEmpty()) return write(files, List.of());
      while (merged.size() > 1) mergeOldest(files, merged);
      return merged.removeFirst();
    } finally {
      DiffFiles.closeAll(merged);
    }
  }

  /** Neighbours become one, in their place. */
  private static void mergeOldest(DiffFiles files, List<ExtentIndex> merged) throws IOException {
    List<ExtentIndex> oldest = merged.subList(0, Math.min(MERGED_AT_ONCE, merged.size()));
    ExtentIndex one = write(files, oldest.stream().map(ExtentIndex::stream).toList());
    List<ExtentIndex> replaced = List.copyOf(oldest);
    oldest.clear();
    merged.addFirst(one);
    DiffFiles.closeAll(replaced);
  }

  private static ExtentIndex write(DiffFiles files, List<? extends ExtentStream> oldestFirst)
      throws IOException {
    DiffStore.Pin pin = files.pin();
    return ExtentIndex.write(
        pin.scratch(), pin.scratchName("index"), files.memory(), new ExtentMerge(oldestFirst));
  }

  /**
   * Reads all diffs and compares them with their checksums.
   *
   * @throws DamagedDiffException that names the first damage
   */
  public void compareAll() throws IOException {
    files.compareAll();
  }

  /** First byte at or behind {@code offset} that a diff holds; empty where none does. */
  public Optional<Long> nextHeld(long offset) throws IOException {
    return index
        .next(offset / LogLayout.SECTOR_BYTES)
        .map(sector -> Math.max(offset, sector * LogLayout.SECTOR_BYTES));
  }

  /**
   * What the diffs hold of a range.
   *
   * @param offset a multiple of 64 KiB
   * @param lengthBytes at most 2 MiB; what lies behind a last odd sector is held by nobody
   */
  public Overlay over(long offset, int lengthBytes) throws IOException {
    long from = offset / LogLayout.SECTOR_BYTES;
    return new Overlay(
        offset, lengthBytes, index.within(from, from + lengthBytes / LogLayout.SECTOR_BYTES));
  }

  /** What the diffs hold of one range; bit i of a mask stands for its block of 64 KiB number i. */
  public final class Overlay {
    private final long offset;
    private final List<Extent> extents;
    private final int touched;
    private final int covered;

    private Overlay(long offset, int lengthBytes, List<Extent> extents) {
      this.offset = offset;
      this.extents = extents;
      int[] held = new int[Payload.blocks(lengthBytes)];
      for (Extent extent : extents) count(extent, held);
      int any = 0;
      int all = 0;
      for (int i = 0; i < held.length; i++) {
        if (held[i] > 0) any |= 1 << i;
        int bytes = Math.min(Payload.BLOCK_BYTES, lengthBytes - i * Payload.BLOCK_BYTES);
        if (held[i] == bytes) all |= 1 << i;
      }
      this.touched = any;
      this.covered = all;
    }

    private void count(Extent extent, int[] held) {
      int end = at(extent) + bytes(extent);
      for (int at = at(extent); at < end; ) {
        int block = at / Payload.BLOCK_BYTES;
        int stop = Math.min(end, (block + 1) * Payload.BLOCK_BYTES);
        held[block] += stop - at;
        at = stop;
      }
    }

    private int at(Extent extent) {
      return (int) (extent.at() * LogLayout.SECTOR_BYTES - offset);
    }

    private static int bytes(Extent extent) {
      return extent.sectors() * LogLayout.SECTOR_BYTES;
    }

    public boolean isEmpty() {
      return extents.isEmpty();
    }

    /** The blocks of which the diffs hold something. */
    public int touched() {
      return touched;
    }

    /** The blocks of which they hold everything. */
    public int covered() {
      return covered;
    }

    /**
     * Begins to read what {@link #putInto} will need, all of it and the image at the same time: one
     * after the other, those who read neighbouring ranges would wait for each other at each block.
     * What whoever goes through the volume needs soon is begun as well. What cannot be read is met
     * again there.
     */
    public Fetch fetch(Time time) {
      List<Errand> reads = new ArrayList<>();
      for (DiffFiles.Place place : payloads.places(extents)) {
        if (files.isThere(place)) files.readOn(place, time);
        else reads.add(new Errand("fetch", () -> files.tryToFetch(place), time));
      }
      return new Fetch(reads);
    }

    /**
     * Puts what they hold where it belongs.
     *
     * @param range the range's bytes from the buffer's position on, direct
     */
    public void putInto(ByteBuffer range) throws IOException {
      for (Extent extent : extents) {
        ByteBuffer into = range.slice(range.position() + at(extent), bytes(extent));
        switch (extent.content()) {
          case Extent.Zeroes zeroes -> zero(into);
          case Extent.Piece piece -> payloads.put(extent, piece, into);
        }
      }
    }

    private static void zero(ByteBuffer into) {
      while (into.remaining() >= Long.BYTES) into.putLong(0);
      while (into.hasRemaining()) into.put((byte) 0);
    }
  }

  /** Diffs that are being read ahead; closed when they are. */
  public record Fetch(List<Errand> reads) implements AutoCloseable {
    @Override
    public void close() {
      reads.forEach(Errand::end);
    }
  }

  @Override
  public void close() throws IOException {
    payloads.close();
    DiffFiles.closeAll(List.of(index, files));
  }
}
