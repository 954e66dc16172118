package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.IndexRecord;
import io.backstay.wdiff.IndexRecord.Shown;
import io.backstay.wdiff.IndexSuper;
import io.backstay.wdiff.MalformedDiffException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged files: refused, or they still say the same; never anything else, and never for ever. */
class HostileWdiffTest {
  private static final int SEEDS = 1500;
  private static final int IMAGE_BYTES = 65536;
  private static final ByteBuffer NO_DATA = ByteBuffer.allocateDirect(0);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s512.sorted.snappy.wdiff",
        "s512.sorted.gzip.wdiff",
        "s512.sorted.lz4.wdiff",
        "s4096.sorted.zstd.wdiff",
        "r512.sorted.snappy.wdiff"
      })
  void aSortedOneWithAWrongBitIsRefused(String name) {
    byte[] sample = Wdiffs.sample(name);
    for (int seed = 0; seed < SEEDS; seed++) {
      byte[] damaged = flipped(sample, new Random(seed));
      assertThatThrownBy(() -> Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.merge(damaged)))
          .as("seed %d", seed)
          .isInstanceOf(MalformedDiffException.class);
    }
  }

  @Test
  void aSortedOneThatWasCutOffIsRefusedWhereverThatWas() throws IOException {
    byte[] wdiff = Wdiffs.written(Compression.DEFAULT, new ManyPacks()::writeTo);
    // Among them those exactly between two packs.
    for (int length = 0; length < wdiff.length; length++)
      refused(Arrays.copyOf(wdiff, length), "cut to " + length);
  }

  @Test
  void bytesBehindTheEndAreRefused() throws IOException {
    byte[] wdiff = Wdiffs.written(Compression.DEFAULT, new ManyPacks()::writeTo);
    refused(Arrays.copyOf(wdiff, wdiff.length + 1), "one byte more");
  }

  private static void refused(byte[] wdiff, String why) {
    assertThatThrownBy(() -> Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.merge(wdiff)))
        .as(why)
        .isInstanceOf(MalformedDiffException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s512.indexed.snappy.wdiff",
        "s512.indexed.gzip.lib.wdiff",
        "s4096.indexed.zstd.lib.wdiff",
        "20231114221420-M--17-18.wdiff"
      })
  void anIndexedOneWithAWrongBitIsRefusedOrSaysTheSame(String name) throws IOException {
    byte[] sample = Wdiffs.sample(name);
    byte[] image = Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.indexed(sample));
    int refused = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      byte[] damaged = flipped(sample, new Random(seed));
      try {
        byte[] found = Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.indexed(damaged));
        assertThat(Arrays.equals(found, image)).as("seed %d", seed).isTrue();
      } catch (MalformedDiffException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(SEEDS / 2);
  }

  @Test
  void anIndexedOneThatWasCutOffIsRefusedWhereverThatWas() {
    byte[] sample = Wdiffs.sample("s512.indexed.snappy.wdiff");
    for (int length = 0; length < sample.length; length++) {
      byte[] cut = Arrays.copyOf(sample, length);
      assertThatThrownBy(() -> Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.indexed(cut)))
          .as("cut to %d", length)
          .isInstanceOf(MalformedDiffException.class);
    }
  }

  @Test
  void oneFormatIsNotTakenForTheOther() {
    assertThatThrownBy(() -> Wdiffs.merge(Wdiffs.sample("empty.indexed.wdiff")))
        .hasMessage("a wdiff: it is an indexed wdiff, expected a sorted one");
    assertThatThrownBy(() -> Wdiffs.indexed(Wdiffs.sample("empty.sorted.wdiff")))
        .hasMessage("a wdiff: it is a sorted wdiff, expected an indexed one");
  }

  @Test
  void packsThatAreWholeButNotInOrderAreRefused() throws IOException {
    byte[] first = Wdiffs.written(Compression.NONE, out -> out.add(10, 5, Kind.DISCARD, NO_DATA));
    byte[] second = Wdiffs.written(Compression.NONE, out -> out.add(14, 1, Kind.DISCARD, NO_DATA));
    ByteBuffer both = ByteBuffer.allocate(first.length + 4096);
    both.put(first, 0, first.length - 4096).put(second, 32, second.length - 32);
    assertThatThrownBy(() -> Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.merge(both.array())))
        .isInstanceOf(MalformedDiffException.class)
        .hasMessageEndingWith("a record for sector 14, the one before it reaches to 15");
  }

  @Test
  void anIndexThatIsNotInOrderIsRefused() {
    IndexRecord one = new IndexRecord(10, 4, Kind.DISCARD, Shown.NOTHING);
    IndexRecord two = new IndexRecord(13, 1, Kind.DISCARD, Shown.NOTHING);
    assertThatThrownBy(() -> Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.indexed(indexed(one, two))))
        .isInstanceOf(MalformedDiffException.class)
        .hasMessageEndingWith("a record for sector 13, the one before it reaches to 14");
  }

  @Test
  void aPayloadThatReachesIntoTheIndexIsRefused() {
    Shown shown = new Shown(Compression.Type.ZSTD, 32, 40, 0, 1, 0);
    IndexRecord record = new IndexRecord(10, 1, Kind.NORMAL, shown);
    assertThatThrownBy(() -> Wdiffs.image(IMAGE_BYTES, 0, Wdiffs.indexed(indexed(record))))
        .isInstanceOf(MalformedDiffException.class)
        .hasMessageEndingWith("a payload of 40 bytes at byte 32, the index begins at 32");
  }

  /** Without any payload. */
  private static byte[] indexed(IndexRecord... records) {
    ByteBuffer file = ByteBuffer.allocate(32 + 48 * records.length + 24);
    new DiffHeader(DiffHeader.Format.INDEXED, Wdiffs.UUID).write(file);
    for (IndexRecord record : records) record.write(file);
    new IndexSuper(32, records.length, records.length).write(file);
    return file.array();
  }

  @Test
  void anotherFileIsNoWdiff() {
    assertThatThrownBy(() -> Wdiffs.merge(Wdiffs.sample("s512.wlog")))
        .isInstanceOf(MalformedDiffException.class)
        .hasMessageStartingWith("a wdiff: no wdiff");
  }

  private static byte[] flipped(byte[] sample, Random random) {
    byte[] damaged = sample.clone();
    int bit = random.nextInt(8 * damaged.length);
    damaged[bit / 8] ^= (byte) (1 << bit % 8);
    return damaged;
  }

  /** A few hundred writes: several packs. */
  private static final class ManyPacks {
    void writeTo(SortedDiffWriter out) throws IOException {
      byte[] data = new byte[512];
      for (int i = 0; i < 400; i++) {
        Arrays.fill(data, (byte) i);
        out.add(
            2L * i, 1, io.backstay.wdiff.DiffRecord.Kind.NORMAL, java.nio.ByteBuffer.wrap(data));
      }
    }
  }
}
