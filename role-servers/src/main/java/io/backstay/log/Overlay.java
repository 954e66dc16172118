package io.backstay.log;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which entry of the tail holds the newest bytes of which range of the volume. Ranges never
 * overlap: a newer entry cuts what older ones had.
 *
 * <p>Each write and its end pass here, so what they ask of it lies side by side: the ranges of one
 * region of the volume stand in order in one array, and a range that lies in several regions stands
 * in each of them.
 *
 * <pre>
 *   region 7  | 0 4K : entry 12 | 64K 68K : entry 3 |             a few ranges, for random writes
 *   region 8  | 0 1M : entry 14 |
 * </pre>
 *
 * <p>Not thread-safe: {@link Tail} guards it.
 */
final class Overlay {
  /** Regions of 1 MiB: a record that is written lies in two of them at most (rule L7). */
  private static final int REGION_BITS = 20;

  /** Takes the pieces of a range in order; what is not given is on the data device. */
  interface Pieces {
    void add(long start, long end, Entry entry);
  }

  /**
   * What the tail has of a range.
   *
   * @param missing the ranges that it has not, in order
   * @param end number behind the newest entry of which it has bytes; 0 where it has none
   */
  record Found(List<Gaps.Gap> missing, long end) {}

  private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(1 << 16);

  /** By number; none is empty. */
  private final Map<Long, Region> regions = new HashMap<>();

  /** The ranges of a region in order, each with the entry that has its newest bytes. */
  private static final class Region {
    private long[] starts = new long[4];
    private long[] ends = new long[4];
    private Entry[] entries = new Entry[4];
    private int count;

    /** Number of the first range that ends behind this place. */
    private int firstBehind(long place) {
      int found = Arrays.binarySearch(ends, 0, count, place);
      return found < 0 ? -found - 1 : found + 1;
    }

    void put(long start, long end, Entry entry) {
      int from = firstBehind(start);
      int to = from;
      while (to < count && starts[to] < end) to++;
      boolean before = from < to && starts[from] < start;
      boolean behind = from < to && ends[to - 1] > end;
      Entry last = behind ? entries[to - 1] : null;
      long lastEnd = behind ? ends[to - 1] : 0;
      int at = before ? from + 1 : from;
      move(to, at + (behind ? 2 : 1));
      if (before) ends[from] = start;
      set(at, start, end, entry);
      if (behind) set(at + 1, end, lastEnd, last);
    }

    private void set(int at, long start, long end, Entry entry) {
      starts[at] = start;
      ends[at] = end;
      entries[at] = entry;
    }

    /** What stands from one number on stands from the other on. */
    private void move(int from, int to) {
      if (from == to) return;
      int moved = count - from;
      if (to + moved > starts.length) enlarge(Math.max(2 * starts.length, to + moved));
      System.arraycopy(starts, from, starts, to, moved);
      System.arraycopy(ends, from, ends, to, moved);
      System.arraycopy(entries, from, entries, to, moved);
      for (int free = to + moved; free < count; free++) entries[free] = null;
      count = to + moved;
    }

    private void enlarge(int length) {
      starts = Arrays.copyOf(starts, length);
      ends = Arrays.copyOf(ends, length);
      entries = Arrays.copyOf(entries, length);
    }

    void remove(long start, long end, long number) {
      int at = firstBehind(start);
      int kept = at;
      for (; at < count && starts[at] < end; at++)
        if (entries[at].number() != number) set(kept++, starts[at], ends[at], entries[at]);
      move(at, kept);
    }

    void pieces(long start, long end, Pieces into) {
      for (int at = firstBehind(start); at < count && starts[at] < end; at++)
        into.add(Math.max(start, starts[at]), Math.min(end, ends[at]), entries[at]);
    }
  }

  private static long region(long place) {
    return place >> REGION_BITS;
  }

  /** From now on the entry has the newest bytes of its range. */
  void put(Entry entry) {
    for (long region = region(entry.offset()); region <= region(entry.end() - 1); region++) {
      long start = Math.max(entry.offset(), region << REGION_BITS);
      long end = Math.min(entry.end(), region + 1 << REGION_BITS);
      regions.computeIfAbsent(region, _ -> new Region()).put(start, end, entry);
    }
  }

  /** The data device has the entry's bytes: what is still its own is forgotten. */
  void remove(Entry entry) {
    for (long number = region(entry.offset()); number <= region(entry.end() - 1); number++) {
      Region region = regions.get(number);
      if (region == null) continue;
      region.remove(entry.offset(), entry.end(), entry.number());
      if (region.count == 0) regions.remove(number);
    }
  }

  /** The pieces of the range that the tail has; one of an entry may come in several. */
  void pieces(long start, long end, Pieces into) {
    if (regions.isEmpty()) return;
    for (long number = region(start); number <= region(end - 1); number++) {
      Region region = regions.get(number);
      if (region != null) region.pieces(start, end, into);
    }
  }

  /**
   * Copies what the tail has of a range.
   *
   * @param into its position is where the range begins, and stays
   */
  Found read(long offset, ByteBuffer into, TailMemory memory) {
    long end = offset + into.remaining();
    int base = into.position();
    Gaps gaps = new Gaps(offset, end);
    long[] newest = {0};
    pieces(
        offset,
        end,
        (from, to, entry) -> {
          gaps.covered(from, to);
          newest[0] = Math.max(newest[0], entry.number() + 1);
          int at = base + (int) (from - offset);
          int length = (int) (to - from);
          if (entry.kind() == Entry.Kind.DISCARD) {
            fillZero(into, at, length);
          } else {
            memory.bytes(
                entry.lsid(),
                from - entry.offset(),
                length,
                (distance, part) -> into.put(at + distance, part, 0, part.remaining()));
          }
        });
    return new Found(gaps.rest(), newest[0]);
  }

  private static void fillZero(ByteBuffer into, int from, int length) {
    for (int done = 0; done < length; done += ZEROES.capacity()) {
      into.put(from + done, ZEROES, 0, Math.min(ZEROES.capacity(), length - done));
    }
  }
}
