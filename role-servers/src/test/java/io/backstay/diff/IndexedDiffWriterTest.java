package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffRecord.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Stretches are cut as walb cuts them: powers of two at addresses that are multiples of them. */
class IndexedDiffWriterTest {
  @Test
  void aDiscardOf5000SectorsAtSector100StandsInThePiecesThatWalbMakes() throws IOException {
    assertThat(pieces(100, 5000, Kind.DISCARD))
        .containsExactly(
            "100/4",
            "104/8",
            "112/16",
            "128/128",
            "256/256",
            "512/512",
            "1024/1024",
            "2048/2048",
            "4096/512",
            "4608/256",
            "4864/128",
            "4992/64",
            "5056/32",
            "5088/8",
            "5096/4");
  }

  @Test
  void fromSectorZeroThePiecesAreAsLongAsTheyMayBe() throws IOException {
    assertThat(pieces(0, 5001, Kind.ALLZERO))
        .containsExactly(
            "0/2048", "2048/2048", "4096/512", "4608/256", "4864/128", "4992/8", "5000/1");
  }

  @Test
  void piecesOfAWriteShowTheirPartOfOnePayload() throws IOException {
    ByteBuffer data = ByteBuffer.allocateDirect(3 * 512);
    for (int i = 0; i < data.capacity(); i++) data.put(i, (byte) (1 + i / 512));
    byte[] file =
        Wdiffs.writtenIndexed(Compression.DEFAULT, out -> out.add(201, 3, Kind.NORMAL, data));
    try (IndexedDiffReader reader = new IndexedDiffReader("d", new MemoryFile(file));
        Codecs codecs = new Codecs()) {
      Stretch first = reader.next().orElseThrow();
      assertThat(first.sectors()).isOne();
      assertThat(reader.raw(codecs).get(0)).isEqualTo((byte) 1);
      Stretch second = reader.next().orElseThrow();
      assertThat(second.fromSector()).isOne();
      assertThat(reader.raw(codecs).get(512)).isEqualTo((byte) 3);
      assertThat(second.record().checksum()).isEqualTo(first.record().checksum());
      assertThat(reader.next()).isEmpty();
      assertThat(reader.index().ios()).isOne();
    }
  }

  @Test
  void aStretchThatBeginsBeforeTheEndOfTheOneBeforeIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            Wdiffs.writtenIndexed(
                Compression.NONE,
                out -> {
                  out.add(10, 5, Kind.DISCARD, ByteBuffer.allocateDirect(0));
                  out.add(14, 1, Kind.ALLZERO, ByteBuffer.allocateDirect(0));
                }));
  }

  private static List<String> pieces(long sector, long sectors, Kind kind) throws IOException {
    byte[] file =
        Wdiffs.writtenIndexed(
            Compression.NONE, out -> out.add(sector, sectors, kind, ByteBuffer.allocateDirect(0)));
    List<String> pieces = new ArrayList<>();
    try (IndexedDiffReader reader = new IndexedDiffReader("d", new MemoryFile(file))) {
      for (Optional<Stretch> next = reader.next(); next.isPresent(); next = reader.next())
        pieces.add(next.get().offsetSectors() + "/" + next.get().sectors());
    }
    return pieces;
  }
}
