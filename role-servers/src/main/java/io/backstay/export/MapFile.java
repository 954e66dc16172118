package io.backstay.export;

import io.backstay.seam.BlockDevice;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The {@link ChangeMap} as it was flushed last: what a loss of power leaves of it.
 *
 * <p>Each page has two places, side by side, and its n-th version goes to place n mod 2. So a write
 * that is torn leaves the version before it, which is durable: the next one is written only after a
 * flush of this file.
 *
 * <p>One thread at a time.
 */
final class MapFile implements Closeable {
  private static final int PAGE_BYTES = MapPage.SIZE_BYTES;

  private final BlockDevice file;

  /** Number of each page's newest version; 0 where there is none. */
  private final long[] sequences;

  private Set<Integer> written = Set.of();

  private MapFile(BlockDevice file, int pages) {
    this.file = file;
    this.sequences = new long[pages];
  }

  static long sizeBytes(int pages) {
    return 2L * pages * PAGE_BYTES;
  }

  /**
   * Takes the file over and puts what it says into the map, durably: a process that died may have
   * written versions that were never flushed, and a flush that failed may have left some that are
   * only in memory. So each is written once more where it stands; where power is lost meanwhile,
   * the version before it is still there.
   */
  static MapFile open(BlockDevice file, ChangeMap map) throws IOException {
    MapFile opened = new MapFile(file, map.pages());
    for (int number = 0; number < map.pages(); number++) {
      Optional<MapPage> newest = opened.newest(number);
      if (newest.isEmpty()) continue;
      opened.sequences[number] = newest.get().sequence();
      opened.write(newest.get());
      map.put(number, newest.get().blocks());
    }
    file.flush();
    return opened;
  }

  private Optional<MapPage> newest(int number) throws IOException {
    ByteBuffer places = ByteBuffer.allocateDirect(2 * PAGE_BYTES);
    file.read(position(number, 0), places);
    Optional<MapPage> even = MapPage.read(places.slice(0, PAGE_BYTES), number);
    Optional<MapPage> odd = MapPage.read(places.slice(PAGE_BYTES, PAGE_BYTES), number);
    if (even.isEmpty() || odd.isEmpty()) return even.or(() -> odd);
    return even.get().sequence() > odd.get().sequence() ? even : odd;
  }

  /**
   * Writes the next version of pages. Where this fails it may be done again, over what it wrote:
   * they are versions only once {@link #flush} has returned.
   */
  void write(Map<Integer, long[]> pages) throws IOException {
    written = pages.keySet();
    for (Map.Entry<Integer, long[]> page : pages.entrySet()) {
      int number = page.getKey();
      write(new MapPage(number, sequences[number] + 1, page.getValue()));
    }
  }

  private void write(MapPage page) throws IOException {
    file.write(position(page.number(), page.sequence() % 2), page.bytes());
  }

  private static long position(int number, long place) {
    return (2L * number + place) * PAGE_BYTES;
  }

  /** What was written last is durable when it returns. */
  void flush() throws IOException {
    file.flush();
    for (int number : written) sequences[number]++;
    written = Set.of();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
