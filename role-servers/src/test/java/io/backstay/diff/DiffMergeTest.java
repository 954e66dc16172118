package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.SessionUuid;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DiffMergeTest {
  private static final int SEEDS = 300;

  @Test
  void anyMergeOfDiffsOfOneLogMakesTheImageThatTheLogMakes() throws IOException {
    for (int seed = 0; seed < SEEDS; seed++) {
      RandomLog log = new RandomLog(seed);
      byte[] image = log.image();
      List<byte[]> diffs = new ArrayList<>();
      for (int i = log.random().nextInt(6); i >= 0; i--) {
        DiffBuilder next = log.next(image);
        diffs.add(Wdiffs.written(anyCompression(log), next::writeTo));
      }
      while (diffs.size() > 1) {
        int from = log.random().nextInt(diffs.size() - 1);
        int end = from + 2 + log.random().nextInt(diffs.size() - from - 1);
        List<byte[]> run = diffs.subList(from, end);
        byte[] merged;
        try (DiffMerge merge = Wdiffs.merge(run.toArray(byte[][]::new))) {
          merged = Wdiffs.written(anyCompression(log), merge::writeTo);
        }
        run.clear();
        diffs.add(from, merged);
      }
      try (DiffMerge whole = Wdiffs.merge(diffs.getFirst())) {
        assertThat(Arrays.equals(Wdiffs.image(image.length, 0, whole), image))
            .as("seed %d", seed)
            .isTrue();
      }
    }
  }

  private static Compression anyCompression(RandomLog log) {
    List<Compression.Type> types =
        List.of(Compression.Type.NONE, Compression.Type.SNAPPY, Compression.Type.ZSTD);
    return new Compression(types.get(log.random().nextInt(types.size())), 0);
  }

  @Test
  void whatIsLeftOfAnOlderWriteBeforeAndBehindANewerKeepsItsData() throws IOException {
    byte[] older = Wdiffs.written(Compression.DEFAULT, out -> normal(out, 10, 6, 1));
    byte[] newer = Wdiffs.written(Compression.DEFAULT, out -> normal(out, 12, 2, 9));
    try (DiffMerge merge = Wdiffs.merge(older, newer)) {
      assertThat(shown(merge))
          .containsExactly("10+2 NORMAL [1, 2]", "12+2 NORMAL [9, 10]", "14+2 NORMAL [5, 6]");
    }
  }

  @Test
  void aWriteIntoADiscardLeavesDiscardsAroundIt() throws IOException {
    byte[] older = Wdiffs.written(Compression.NONE, out -> empty(out, 0, 100, Kind.DISCARD));
    byte[] newer = Wdiffs.written(Compression.NONE, out -> normal(out, 40, 1, 3));
    try (DiffMerge merge = Wdiffs.merge(older, newer)) {
      assertThat(shown(merge)).containsExactly("0+40 DISCARD", "40+1 NORMAL [3]", "41+59 DISCARD");
    }
  }

  @Test
  void ofThreeTheNewestWinsWhereverItIsAndTheMiddleOneElsewhere() throws IOException {
    byte[] oldest = Wdiffs.written(Compression.NONE, out -> empty(out, 0, 10, Kind.ALLZERO));
    byte[] middle = Wdiffs.written(Compression.NONE, out -> normal(out, 2, 6, 1));
    byte[] newest = Wdiffs.written(Compression.NONE, out -> empty(out, 4, 1, Kind.DISCARD));
    try (DiffMerge merge = Wdiffs.merge(oldest, middle, newest)) {
      assertThat(shown(merge))
          .containsExactly(
              "0+2 ALLZERO",
              "2+2 NORMAL [1, 2]",
              "4+1 DISCARD",
              "5+3 NORMAL [4, 5, 6]",
              "8+2 ALLZERO");
    }
  }

  @Test
  void neighboursAreNotJoined() throws IOException {
    byte[] one =
        Wdiffs.written(
            Compression.NONE,
            out -> {
              empty(out, 0, 1, Kind.DISCARD);
              empty(out, 1, 1, Kind.DISCARD);
            });
    try (DiffMerge merge = Wdiffs.merge(one)) {
      assertThat(shown(merge)).containsExactly("0+1 DISCARD", "1+1 DISCARD");
    }
  }

  @Test
  void aMergeOfNothingIsEmpty() throws IOException {
    try (DiffMerge merge = new DiffMerge(List.of())) {
      assertThat(merge.next()).isFalse();
    }
  }

  @Test
  void itHasTheUuidOfTheNewest() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SessionUuid newest = new SessionUuid(7, 7);
    try (SortedDiffWriter writer =
        new SortedDiffWriter(
            DiffOutput.to(Channels.newChannel(out)), newest, Compression.DEFAULT)) {
      writer.finish();
    }
    byte[] older = Wdiffs.written(Compression.NONE, writer -> {});
    try (DiffMerge merge = Wdiffs.merge(older, out.toByteArray())) {
      assertThat(merge.uuid()).isEqualTo(newest);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SNAPPY", "ZSTD", "LZ4"})
  void aPayloadThatSurvivesWholePassesOnAsItIsStored(Compression.Type type) throws IOException {
    Compression compression = new Compression(type, 0);
    byte[] wdiff = Wdiffs.written(compression, out -> normal(out, 10, 6, 1));
    Recorded recorded = new Recorded(Wdiffs.sorted(wdiff));
    byte[] merged;
    try (DiffMerge merge = new DiffMerge(List.of(recorded))) {
      merged = Wdiffs.written(compression, merge::writeTo);
    }
    assertThat(merged).isEqualTo(wdiff);
    assertThat(recorded.unpacked).isZero();
  }

  @Test
  void whatANewerOneCoversWholeIsNeitherUnpackedNorLookedAt() throws IOException {
    Recorded older =
        new Recorded(
            Wdiffs.sorted(Wdiffs.written(Compression.DEFAULT, out -> normal(out, 10, 6, 1))));
    byte[] newer = Wdiffs.written(Compression.DEFAULT, out -> empty(out, 0, 100, Kind.DISCARD));
    try (DiffMerge merge = new DiffMerge(List.of(older, Wdiffs.sorted(newer)))) {
      Wdiffs.written(Compression.DEFAULT, merge::writeTo);
    }
    assertThat(older.unpacked).isZero();
    assertThat(older.looked).isZero();
  }

  /** Counts what is asked of a wdiff. */
  private static final class Recorded implements DiffSource {
    private final DiffSource source;
    private int looked;
    private int unpacked;

    Recorded(DiffSource source) {
      this.source = source;
    }

    @Override
    public String name() {
      return source.name();
    }

    @Override
    public SessionUuid uuid() {
      return source.uuid();
    }

    @Override
    public Optional<Stretch> next() throws IOException {
      return source.next();
    }

    @Override
    public long position() {
      return source.position();
    }

    @Override
    public ByteBuffer stored() throws IOException {
      looked++;
      return source.stored();
    }

    @Override
    public ByteBuffer raw(Codecs codecs) throws IOException {
      unpacked++;
      return source.raw(codecs);
    }

    @Override
    public void close() throws IOException {
      source.close();
    }
  }

  /** Sectors of which each is full of one value, the first of the given one. */
  private static void normal(SortedDiffWriter out, long sector, int sectors, int first)
      throws IOException {
    ByteBuffer data = ByteBuffer.allocateDirect(512 * sectors);
    for (int i = 0; i < data.capacity(); i++) data.put(i, (byte) (first + i / 512));
    out.add(sector, sectors, Kind.NORMAL, data);
  }

  private static void empty(SortedDiffWriter out, long sector, int sectors, Kind kind)
      throws IOException {
    out.add(sector, sectors, kind, ByteBuffer.allocateDirect(0));
  }

  private static List<String> shown(DiffMerge merge) throws IOException {
    List<String> shown = new ArrayList<>();
    while (merge.next()) {
      String text = "%d+%d %s".formatted(merge.offsetSectors(), merge.sectors(), merge.kind());
      if (merge.kind() == Kind.NORMAL) {
        List<Byte> values = new ArrayList<>();
        ByteBuffer data = merge.raw();
        for (int i = 0; i < data.remaining(); i += 512) values.add(data.get(i));
        text += " " + values;
      }
      shown.add(text);
    }
    return shown;
  }
}
