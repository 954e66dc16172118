package io.backstay.export;

import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Which blocks of 4 KiB clients have changed: a bit for each, in pages that never change but are
 * replaced. Any thread asks; one at a time replaces.
 */
final class ChangeMap {
  static final int BLOCK_BYTES = 4096;

  /** Longs of bits in one page: as many as {@link MapPage} has room for. */
  static final int WORDS = MapPage.WORDS;

  static final int BLOCKS_PER_PAGE = WORDS * Long.SIZE;

  private static final long[] NONE = new long[WORDS];

  private final long blocks;
  private final AtomicReferenceArray<long[]> pages;

  /** Nothing is changed. */
  ChangeMap(long sizeBytes) {
    this.blocks = blocksOf(sizeBytes);
    this.pages = new AtomicReferenceArray<>(pagesOf(sizeBytes));
    for (int i = 0; i < pages.length(); i++) pages.setPlain(i, NONE);
  }

  static long blocksOf(long sizeBytes) {
    return (sizeBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
  }

  static int pagesOf(long sizeBytes) {
    return Math.toIntExact((blocksOf(sizeBytes) + BLOCKS_PER_PAGE - 1) / BLOCKS_PER_PAGE);
  }

  int pages() {
    return pages.length();
  }

  /** Not to be changed. */
  long[] page(int number) {
    return pages.get(number);
  }

  void put(int number, long[] page) {
    pages.set(number, page);
  }

  /** The page with these bits too. */
  static long[] union(long[] one, long[] other) {
    long[] both = one.clone();
    for (int i = 0; i < WORDS; i++) both[i] |= other[i];
    return both;
  }

  boolean isChanged(long block) {
    int bit = (int) (block % BLOCKS_PER_PAGE);
    return (page((int) (block / BLOCKS_PER_PAGE))[bit / Long.SIZE] >>> bit & 1) == 1;
  }

  /**
   * The page as it will be when the blocks of {@code [from, to)} that lie in it are changed; empty
   * where they are already.
   */
  Optional<long[]> with(int number, long from, long to) {
    long first = (long) number * BLOCKS_PER_PAGE;
    int start = (int) Math.max(0, from - first);
    int end = (int) Math.min(BLOCKS_PER_PAGE, to - first);
    if (nextUnchanged(first + start, first + end) == first + end) return Optional.empty();
    long[] after = page(number).clone();
    for (int word = start / Long.SIZE; word * Long.SIZE < end; word++) {
      after[word] |= bits(Math.max(0, start - word * Long.SIZE), end - word * Long.SIZE);
    }
    return Optional.of(after);
  }

  /** Bits {@code [from, to)} of a word; {@code to} may be beyond it. */
  private static long bits(int from, int to) {
    long below = to >= Long.SIZE ? -1L : (1L << to) - 1;
    return below & -1L << from;
  }

  /** The first changed block in {@code [from, to)}; {@code to} where there is none. */
  long nextChanged(long from, long to) {
    return next(from, to, 0);
  }

  /** The first block in {@code [from, to)} that is not changed; {@code to} where there is none. */
  long nextUnchanged(long from, long to) {
    return next(from, to, -1);
  }

  /**
   * @param flip what makes the wanted bits 1
   */
  private long next(long from, long to, long flip) {
    long block = from;
    while (block < to) {
      int bit = (int) (block % BLOCKS_PER_PAGE);
      long rest = (page((int) (block / BLOCKS_PER_PAGE))[bit / Long.SIZE] ^ flip) >>> bit;
      if (rest != 0) return Math.min(to, block + Long.numberOfTrailingZeros(rest));
      block += Long.SIZE - bit % Long.SIZE;
    }
    return to;
  }

  /** For tests and messages. */
  @Override
  public String toString() {
    long changed = 0;
    for (int i = 0; i < pages(); i++) changed += Arrays.stream(page(i)).map(Long::bitCount).sum();
    return "%d of %d blocks changed".formatted(changed, blocks);
  }
}
