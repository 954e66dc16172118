package io.backstay.history;

import io.backstay.history.ChainMemory.Owned;
import io.backstay.seam.Directory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Sorted extents in a file. Memory does not grow with it: of at most {@link #FENCES_MAX} pages the
 * first address is known, what lies between two of them is searched in the file, and of what was
 * read lately some are kept ({@link ChainMemory}).
 */
final class ExtentIndex implements Closeable {
  static final int FENCES_MAX = 65536;
  private final PageFile file;
  private final ChainMemory memory;
  private final long[] fences;
  private final int fenceCount;
  private final long pagesInFence;

  private ExtentIndex(
      PageFile file, ChainMemory memory, long[] fences, int fenceCount, long pagesInFence) {
    this.memory = memory;
    this.file = file;
    this.fences = fences;
    this.fenceCount = fenceCount;
    this.pagesInFence = pagesInFence;
  }

  static ExtentIndex write(
      Directory directory, String name, ChainMemory memory, ExtentStream extents)
      throws IOException {
    return write(directory, name, memory, extents, FENCES_MAX);
  }

  /**
   * @param fencesMax even
   */
  static ExtentIndex write(
      Directory directory, String name, ChainMemory memory, ExtentStream extents, int fencesMax)
      throws IOException {
    long[] fences = new long[fencesMax];
    int count = 0;
    long step = 1;
    try (PageFile.Writing writing = new PageFile.Writing(directory, name, Extent.BYTES)) {
      int inPage = writing.entriesInPage();
      for (Optional<Extent> extent; (extent = extents.next()).isPresent(); ) {
        if (count == fencesMax && writing.entries() % (inPage * step) == 0) {
          // Every second one goes.
          for (int i = 0; i < fencesMax / 2; i++) fences[i] = fences[2 * i];
          count = fencesMax / 2;
          step *= 2;
        }
        if (writing.entries() % (inPage * step) == 0) fences[count++] = extent.get().at();
        extent.get().write(writing.next());
      }
      return new ExtentIndex(writing.finish(memory.reads), memory, fences, count, step);
    }
  }

  long size() {
    return file.entries();
  }

  /** All extents, in order, read once. */
  ExtentStream stream() {
    return new ExtentStream() {
      private long page;
      private int next;
      private List<Extent> extents = List.of();

      @Override
      public Optional<Extent> next() throws IOException {
        while (next == extents.size()) {
          if (page == file.pages()) return Optional.empty();
          extents = load(page++);
          next = 0;
        }
        return Optional.of(extents.get(next++));
      }
    };
  }

  /** What touches {@code [from, to)}, cut to it, in order. */
  List<Extent> within(long from, long to) throws IOException {
    List<Extent> found = new ArrayList<>();
    for (long page = pageOf(from); page < file.pages(); page++) {
      List<Extent> extents = page(page);
      for (int i = first(extents, from); i < extents.size(); i++) {
        if (extents.get(i).at() >= to) return found;
        found.add(extents.get(i).within(from, to));
      }
    }
    return found;
  }

  /** The first sector at or behind {@code from} that an extent has. */
  Optional<Long> next(long from) throws IOException {
    for (long page = pageOf(from); page < file.pages(); page++) {
      List<Extent> extents = page(page);
      int i = first(extents, from);
      if (i < extents.size()) return Optional.of(Math.max(from, extents.get(i).at()));
    }
    return Optional.empty();
  }

  /** The last page that begins at or before the address; 0 where none does. */
  private long pageOf(long at) throws IOException {
    int fence = 0;
    for (int low = 0, high = fenceCount - 1; low <= high; ) {
      int middle = (low + high) >>> 1;
      if (fences[middle] <= at) {
        fence = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    long page = fence * pagesInFence;
    long low = page + 1;
    long high = Math.min(page + pagesInFence, file.pages()) - 1;
    while (low <= high) {
      long middle = (low + high) >>> 1;
      if (page(middle).getFirst().at() <= at) {
        page = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    return page;
  }

  /** Index of the first extent that ends behind the address. */
  private static int first(List<Extent> extents, long at) {
    int low = 0;
    int high = extents.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (extents.get(middle).end() <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whoever goes through the volume gets several at once, and waits less often. */
  private List<Extent> page(long number) throws IOException {
    if (memory.pages.isThere(mine(number - 1)) && !memory.pages.isThere(mine(number)))
      fetch(number);
    return memory.pages.get(mine(number), () -> load(number));
  }

  private void fetch(long first) throws IOException {
    List<Owned<Long>> run =
        LongStream.range(first, Math.min(first + file.pagesAtOnce(), file.pages()))
            .mapToObj(this::mine)
            .toList();
    memory.pages.fetch(
        run, claimed -> file.read(first, claimed).stream().map(ExtentIndex::extents).toList());
  }

  private Owned<Long> mine(long page) {
    return new Owned<>(this, page);
  }

  private List<Extent> load(long number) throws IOException {
    return extents(file.read(number));
  }

  private static List<Extent> extents(ByteBuffer page) {
    List<Extent> extents = new ArrayList<>(page.remaining() / Extent.BYTES);
    for (int at = 0; at < page.limit(); at += Extent.BYTES) extents.add(Extent.read(page, at));
    return extents;
  }

  @Override
  public void close() throws IOException {
    memory.forget(this);
    file.close();
  }
}
