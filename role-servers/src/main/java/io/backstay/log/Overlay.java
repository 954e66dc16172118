package io.backstay.log;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Which entry of the tail holds the newest bytes of which range of the volume. Ranges never
 * overlap: a newer entry cuts what older ones had.
 *
 * <p>Not thread-safe: {@link Tail} guards it.
 */
final class Overlay {
  private static final class Extent {
    final long start;
    final long end;
    Entry entry;

    Extent(long start, long end, Entry entry) {
      this.start = start;
      this.end = end;
      this.entry = entry;
    }
  }

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

  private final TreeMap<Long, Extent> extents = new TreeMap<>();

  /** From now on the entry has the newest bytes of its range. */
  void put(Entry entry) {
    long start = entry.offset();
    long end = entry.end();
    Extent same = extents.get(start);
    if (same != null && same.end == end) {
      same.entry = entry;
      return;
    }
    cut(start, end);
    extents.put(start, new Extent(start, end, entry));
  }

  private void cut(long start, long end) {
    Map.Entry<Long, Extent> before = extents.lowerEntry(start);
    if (before != null && before.getValue().end > start) {
      Extent old = before.getValue();
      extents.put(old.start, new Extent(old.start, start, old.entry));
      if (old.end > end) extents.put(end, new Extent(end, old.end, old.entry));
    }
    NavigableMap<Long, Extent> covered = extents.subMap(start, true, end, false);
    if (covered.isEmpty()) return;
    Extent last = covered.lastEntry().getValue();
    covered.clear();
    if (last.end > end) extents.put(end, new Extent(end, last.end, last.entry));
  }

  /** The data device has the entry's bytes: what is still its own is forgotten. */
  void remove(Entry entry) {
    Extent same = extents.get(entry.offset());
    if (same != null && same.end == entry.end()) {
      if (same.entry.number() == entry.number()) extents.remove(same.start);
      return;
    }
    Iterator<Extent> theirs =
        extents.subMap(entry.offset(), true, entry.end(), false).values().iterator();
    while (theirs.hasNext()) {
      if (theirs.next().entry.number() == entry.number()) theirs.remove();
    }
  }

  /** The pieces of the range that the tail has. */
  void pieces(long start, long end, Pieces into) {
    if (extents.isEmpty()) return;
    Long from = extents.floorKey(start);
    for (Extent extent : extents.tailMap(from == null ? start : from, true).values()) {
      if (extent.start >= end) return;
      if (extent.end > start)
        into.add(Math.max(start, extent.start), Math.min(end, extent.end), extent.entry);
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
