package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Beside a volume of which each sector names the entry that wrote it last. */
class OverlayTest {
  private static final int SECTOR = 512;
  private static final int SECTORS = 5 * (1 << 20) / SECTOR;
  private static final long NOBODY = -1;

  private final Overlay overlay = new Overlay();
  private final long[] model = new long[SECTORS];
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private long next;

  @ParameterizedTest
  @ValueSource(ints = {1, 8, 64, 2048, SECTORS})
  void eachSectorHasTheNewestEntryThatIsNotApplied(int sectorsMax) {
    Arrays.fill(model, NOBODY);
    SplittableRandom random = new SplittableRandom(sectorsMax);
    for (int round = 0; round < 600; round++) {
      int length = 1 + random.nextInt(Math.min(sectorsMax, SECTORS));
      // All in one place, or all over the volume.
      int place = random.nextInt(round % 3 == 0 ? Math.min(128, SECTORS) : SECTORS);
      put(Math.min(place, SECTORS - length), length);
      if (random.nextInt(3) == 0) applyFirst(random.nextInt(entries.size()) / 2);
      look(random.nextInt(SECTORS), random);
    }
    applyFirst(entries.size());
    overlay.pieces(0, (long) SECTORS * SECTOR, (from, to, entry) -> assertThat(entry).isNull());
  }

  private void put(int sector, int sectors) {
    Entry entry =
        new Entry(next++, Entry.Kind.WRITE, (long) sector * SECTOR, (long) sectors * SECTOR, 1, 0);
    overlay.put(entry);
    entries.add(entry);
    Arrays.fill(model, sector, sector + sectors, entry.number());
  }

  private void applyFirst(int count) {
    for (int i = 0; i < count; i++) {
      Entry entry = entries.poll();
      overlay.remove(entry);
      for (int at = (int) (entry.offset() / SECTOR); at < entry.end() / SECTOR; at++)
        if (model[at] == entry.number()) model[at] = NOBODY;
    }
  }

  private void look(int from, SplittableRandom random) {
    int to = from + 1 + random.nextInt(SECTORS - from);
    long[] found = new long[SECTORS];
    Arrays.fill(found, NOBODY);
    long[] end = {(long) from * SECTOR};
    overlay.pieces(
        (long) from * SECTOR,
        (long) to * SECTOR,
        (start, behind, entry) -> {
          assertThat(start).isGreaterThanOrEqualTo(end[0]).isLessThan(behind);
          end[0] = behind;
          Arrays.fill(found, (int) (start / SECTOR), (int) (behind / SECTOR), entry.number());
        });
    assertThat(end[0]).isLessThanOrEqualTo((long) to * SECTOR);
    assertThat(Arrays.copyOfRange(found, from, to)).isEqualTo(Arrays.copyOfRange(model, from, to));
  }
}
