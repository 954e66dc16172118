package io.backstay.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Compression;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Rule X8: many diffs as one sorted list, of which the newest has what several have. */
class ExtentIndexTest {
  private static final int SECTORS = 20_000;
  private final MemoryDisk disk = new MemoryDisk();
  private final Directory directory = disk.directory("/diffs");

  private static Extent data(long at, int sectors, int rank, int payloadSectors, int skip) {
    Extent.Payload payload =
        new Extent.Payload(
            at * 7 + rank, payloadSectors, (int) at, Compression.Type.ZSTD, payloadSectors);
    return new Extent(at, sectors, rank, new Extent.Piece(payload, skip));
  }

  private static ExtentStream stream(List<Extent> extents) {
    Iterator<Extent> next = extents.iterator();
    return () -> next.hasNext() ? Optional.of(next.next()) : Optional.empty();
  }

  private static List<Extent> all(ExtentStream stream) throws IOException {
    List<Extent> all = new ArrayList<>();
    for (Optional<Extent> next; (next = stream.next()).isPresent(); ) all.add(next.get());
    return all;
  }

  private ExtentIndex index(ExtentStream stream) throws IOException {
    return ExtentIndex.write(directory, "index.tmp", new ChainMemory(), stream);
  }

  /** Who has each sector, and as what: the plainest possible merge. */
  private static final class Model {
    final Extent[] owner = new Extent[SECTORS];

    void put(Extent extent) {
      for (long at = extent.at(); at < extent.end(); at++)
        owner[(int) at] = extent.within(at, at + 1);
    }
  }

  private static List<Extent> randomDiff(Random random, int rank) {
    List<Extent> extents = new ArrayList<>();
    for (long at = random.nextInt(200); at < SECTORS - 64; ) {
      int sectors = 1 + random.nextInt(64);
      extents.add(
          random.nextInt(4) == 0
              ? new Extent(at, sectors, rank, new Extent.Zeroes())
              : data(at, sectors, rank, sectors, 0));
      at += sectors + (random.nextBoolean() ? 0 : random.nextInt(300));
    }
    return extents;
  }

  @Test
  void ofWhatSeveralDiffsHoldTheNewestHasIt() throws IOException {
    for (long seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      Model model = new Model();
      List<ExtentStream> streams = new ArrayList<>();
      for (int rank = 0; rank < 1 + random.nextInt(12); rank++) {
        List<Extent> diff = randomDiff(random, rank);
        diff.forEach(model::put);
        streams.add(stream(diff));
      }
      List<Extent> merged = all(new ExtentMerge(streams));
      Model found = new Model();
      long end = 0;
      for (Extent extent : merged) {
        assertThat(extent.at()).as("seed %d", seed).isGreaterThanOrEqualTo(end);
        end = extent.end();
        found.put(extent);
      }
      for (int at = 0; at < SECTORS; at++) {
        Extent expected = model.owner[at];
        Extent actual = found.owner[at];
        assertThat(actual == null).as("seed %d sector %d", seed, at).isEqualTo(expected == null);
        if (expected != null)
          assertThat(actual.content()).as("seed %d, %d", seed, at).isEqualTo(expected.content());
      }
    }
  }

  @Test
  void whatGoesOnWithTheSamePayloadIsOneExtent() throws IOException {
    Extent whole = data(100, 50, 1, 50, 0);
    List<Extent> older = List.of(data(90, 20, 0, 20, 0), data(120, 5, 0, 5, 0));
    assertThat(all(new ExtentMerge(List.of(stream(older), stream(List.of(whole))))))
        .containsExactly(older.getFirst().within(90, 100), whole);
  }

  @Test
  void aDiffThatIsNotSortedIsRefused() {
    List<Extent> crooked = List.of(data(100, 50, 0, 50, 0), data(120, 5, 0, 5, 0));
    assertThatThrownBy(() -> all(new ExtentMerge(List.of(stream(crooked)))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not sorted");
  }

  @Test
  void anIndexAnswersWhatTouchesARangeCutToIt() throws IOException {
    Random random = new Random(5);
    List<Extent> diff = randomDiff(random, 3);
    try (ExtentIndex index = index(stream(diff))) {
      for (int i = 0; i < 500; i++) {
        long from = random.nextInt(SECTORS);
        long to = from + 1 + random.nextInt(400);
        List<Extent> expected =
            diff.stream()
                .filter(extent -> extent.end() > from && extent.at() < to)
                .map(extent -> extent.within(from, to))
                .toList();
        assertThat(index.within(from, to)).isEqualTo(expected);
        Optional<Long> next =
            diff.stream()
                .filter(extent -> extent.end() > from)
                .map(extent -> Math.max(from, extent.at()))
                .findFirst();
        assertThat(index.next(from)).isEqualTo(next);
      }
    }
  }

  @Test
  void anIndexOfMorePagesThanFencesFindsEverything() throws IOException {
    int count = 100_000;
    List<Extent> many = new ArrayList<>();
    for (int i = 0; i < count; i++) many.add(data(2L * i, 1, i % 5, 1, 0));
    try (ExtentIndex index =
        ExtentIndex.write(directory, "index.tmp", new ChainMemory(), stream(many), 16)) {
      assertThat(index.size()).isEqualTo(count);
      Random random = new Random(1);
      for (int i = 0; i < 2000; i++) {
        long at = 2L * random.nextInt(count);
        assertThat(index.within(at, at + 2)).containsExactly(many.get((int) at / 2));
        assertThat(index.next(at + 1))
            .isEqualTo(at + 2 < 2L * count ? Optional.of(at + 2) : Optional.empty());
      }
    }
  }

  @Test
  void aPageThatRotsIsNoticed() throws IOException {
    try (ExtentIndex index = index(stream(List.of(data(1, 1, 0, 1, 0))))) {
      disk.rot("/diffs/index.tmp", 24, 3);
      assertThatThrownBy(() -> index.within(0, 10))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("not as it was written");
    }
  }

  @Test
  void theFileIsGoneWhenTheIndexIsClosed() throws IOException {
    index(stream(List.of(data(1, 1, 0, 1, 0)))).close();
    assertThat(directory.list()).isEmpty();
  }
}
