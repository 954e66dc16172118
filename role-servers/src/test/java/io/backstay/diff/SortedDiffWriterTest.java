package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Compression;
import io.backstay.seam.Time;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffPack;
import io.backstay.wdiff.DiffPack.Reading;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wire.Payload;
import io.backstay.wlog.WalbChecksum;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SortedDiffWriterTest {
  private static final ByteBuffer NO_DATA = ByteBuffer.allocateDirect(0);

  @ParameterizedTest
  @ValueSource(strings = {"none", "snappy", "zstd:3"})
  void itKnowsTheChecksumOfEach64KiBThatItWrote(String compression) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SortedDiffWriter writer = Wdiffs.writer(out, Compression.parse(compression))) {
      manyWrites(writer, 500);
      writer.finish();
      byte[] file = out.toByteArray();
      assertThat(file.length).isGreaterThan(3 * 65536);
      assertThat(writer.fileBytes()).isEqualTo(file.length);
      int[] expected = Payload.checksumsOf(ByteBuffer.wrap(file));
      ByteBuffer found = littleEndian(writer.checksums().toArray());
      assertThat(found.remaining()).isEqualTo(4 * expected.length);
      for (int checksum : expected) assertThat(found.getInt()).isEqualTo(checksum);
    }
  }

  @Test
  void itKnowsTheFirstAddressOfEachPack() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SortedDiffWriter writer = Wdiffs.writer(out, Compression.DEFAULT)) {
      manyWrites(writer, 500);
      writer.finish();
      List<Long> first = new ArrayList<>();
      for (DiffPack pack : packs(out)) first.add(pack.records().getFirst().offsetSectors());
      ByteBuffer found = littleEndian(writer.packs().toArray());
      assertThat(first).hasSize(4);
      assertThat(found.remaining()).isEqualTo(8 * first.size());
      for (long sector : first) assertThat(found.getLong()).isEqualTo(sector);
    }
  }

  @Test
  void aPackThatHas2MiBOfDataIsWritten() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SortedDiffWriter writer = Wdiffs.writer(out, Compression.NONE)) {
      ByteBuffer data = random(1 << 20);
      for (int i = 0; i < 10; i++) writer.add(2048L * i, 2048, Kind.NORMAL, data);
      writer.finish();
    }
    assertThat(packs(out)).extracting(pack -> pack.records().size()).containsExactly(2, 2, 2, 2, 2);
  }

  @Test
  void whatIsLongerThan1MiBIsCut() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SortedDiffWriter writer = Wdiffs.writer(out, Compression.NONE)) {
      writer.add(100, 5000, Kind.DISCARD, NO_DATA);
      writer.add(5100, 2049, Kind.NORMAL, random(2049 * 512));
      writer.finish();
    }
    assertThat(packs(out).getFirst().records())
        .extracting(DiffRecord::offsetSectors, DiffRecord::sectors)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(100L, 2048),
            org.assertj.core.groups.Tuple.tuple(2148L, 2048),
            org.assertj.core.groups.Tuple.tuple(4196L, 904),
            org.assertj.core.groups.Tuple.tuple(5100L, 2048),
            org.assertj.core.groups.Tuple.tuple(7148L, 1));
  }

  @Test
  void aPayloadThatWouldNotBecomeSmallerIsStoredAsItIs() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SortedDiffWriter writer = Wdiffs.writer(out, Compression.parse("zstd"))) {
      writer.add(0, 8, Kind.NORMAL, random(4096));
      writer.add(8, 8, Kind.NORMAL, ByteBuffer.allocateDirect(4096).put(17, (byte) 1));
      writer.finish();
    }
    assertThat(packs(out).getFirst().records())
        .extracting(DiffRecord::compression)
        .containsExactly(Compression.Type.NONE, Compression.Type.ZSTD);
  }

  @Test
  void theSameContentHasTheSameBytesWhereverItLies() throws IOException {
    ByteBuffer direct = random(8192);
    byte[] onHeap = new byte[8192];
    direct.get(0, onHeap);
    byte[] one = Wdiffs.written(Compression.DEFAULT, out -> out.add(3, 16, Kind.NORMAL, direct));
    byte[] two =
        Wdiffs.written(
            Compression.DEFAULT, out -> out.add(3, 16, Kind.NORMAL, ByteBuffer.wrap(onHeap)));
    assertThat(one).isEqualTo(two);
  }

  @Test
  void aStretchThatBeginsBeforeTheEndOfTheOneBeforeIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            Wdiffs.written(
                Compression.NONE,
                out -> {
                  out.add(10, 5, Kind.DISCARD, NO_DATA);
                  out.add(14, 1, Kind.ALLZERO, NO_DATA);
                }))
        .withMessage("a record for sector 14 behind one that reaches to 15");
  }

  @Test
  void aStoredPayloadOf32MiBHasAPackOfItsOwn() throws IOException {
    ByteBuffer stored = random(32 << 20);
    DiffRecord large =
        new DiffRecord(
            100,
            65536,
            Kind.NORMAL,
            Compression.Type.NONE,
            5,
            32 << 20,
            WalbChecksum.of(stored, 0));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SortedDiffWriter writer = Wdiffs.writer(out, Compression.NONE)) {
      writer.add(0, 1, Kind.NORMAL, random(512));
      writer.addStored(large, stored);
      writer.add(70000, 1, Kind.NORMAL, random(512));
      writer.finish();
    }
    assertThat(packs(out)).extracting(DiffPack::bodyBytes).containsExactly(512, 32 << 20, 512);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void withThreadsOfItsOwnItHasTheSameBytes(int packs) throws IOException {
    for (int seed = 0; seed < 20; seed++) {
      byte[] alone = Wdiffs.written(Compression.DEFAULT, new Mixture(seed)::writeTo);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (SortedDiffWriter writer =
          new SortedDiffWriter(
              DiffOutput.to(Channels.newChannel(out)),
              Wdiffs.UUID,
              Compression.DEFAULT,
              Time.system(),
              memory(packs))) {
        new Mixture(seed).writeTo(writer);
        writer.finish();
      }
      assertThat(Arrays.equals(out.toByteArray(), alone)).as("seed %d", seed).isTrue();
    }
  }

  /** Some MiB by every method, in one buffer that changes after each call where it may. */
  private record Mixture(int seed) {
    void writeTo(SortedDiffWriter out) throws IOException {
      Random random = new Random(seed);
      ByteBuffer reused = ByteBuffer.allocateDirect(300 * 512);
      long sector = 0;
      for (int i = 0; i < 300; i++) {
        int sectors = 1 + random.nextInt(random.nextInt(20) == 0 ? 300 : 20);
        byte[] content = new byte[512 * sectors];
        if (random.nextBoolean()) random.nextBytes(content);
        ByteBuffer data = reused.slice(0, content.length).put(0, content);
        switch (random.nextInt(4)) {
          case 0 -> out.add(sector, sectors, Kind.DISCARD, NO_DATA);
          case 1 -> out.addLasting(sector, sectors, Kind.NORMAL, ByteBuffer.wrap(content));
          case 2 ->
              out.addStored(
                  new DiffRecord(
                      sector,
                      sectors,
                      Kind.NORMAL,
                      Compression.Type.NONE,
                      0,
                      content.length,
                      WalbChecksum.of(data, 0)),
                  data);
          default -> out.add(sector, sectors, Kind.NORMAL, data);
        }
        sector += sectors + random.nextInt(3);
      }
    }
  }

  @Test
  void anOutputThatFailsWhileThreadsAreAtItFailsTheWriter() {
    assertThatThrownBy(
            () -> {
              try (SortedDiffWriter writer =
                  new SortedDiffWriter(
                      new FullDisk(), Wdiffs.UUID, Compression.DEFAULT, Time.system(), memory(2))) {
                new Mixture(1).writeTo(writer);
                writer.finish();
              }
            })
        .isInstanceOf(IOException.class)
        .hasMessage("the disk is full");
  }

  private static List<ByteBuffer> memory(int packs) {
    return Stream.generate(() -> ByteBuffer.allocateDirect(SortedDiffWriter.MEMORY_BYTES))
        .limit(packs)
        .toList();
  }

  /** Takes the header and nothing more. */
  private static final class FullDisk implements DiffOutput {
    private boolean begun;

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      if (begun) throw new IOException("the disk is full");
      begun = true;
    }
  }

  private static void manyWrites(SortedDiffWriter writer, int count) throws IOException {
    Random random = new Random(5);
    for (int i = 0; i < count; i++) {
      byte[] data = new byte[512 * (1 + i % 8)];
      random.nextBytes(data);
      writer.add(10L * i, data.length / 512, Kind.NORMAL, ByteBuffer.wrap(data));
    }
  }

  private static ByteBuffer random(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return ByteBuffer.allocateDirect(bytes).put(content).flip();
  }

  private static List<DiffPack> packs(ByteArrayOutputStream out) {
    ByteBuffer file = ByteBuffer.wrap(out.toByteArray()).position(DiffHeader.SIZE_BYTES);
    List<DiffPack> packs = new ArrayList<>();
    while (DiffPack.read(file) instanceof Reading.Pack(DiffPack pack)) {
      packs.add(pack);
      file.position(file.position() + DiffPack.HEADER_BYTES + pack.bodyBytes());
    }
    assertThat(DiffPack.read(file)).isInstanceOf(Reading.End.class);
    return packs;
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
