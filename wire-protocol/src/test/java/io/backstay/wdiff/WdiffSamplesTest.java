package io.backstay.wdiff;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader.Format;
import io.backstay.wdiff.DiffPack.Reading;
import io.backstay.wdiff.DiffRecord.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that walb-tools 1.0.19 made. */
class WdiffSamplesTest {
  @ParameterizedTest
  @MethodSource("io.backstay.wdiff.Samples#sorted")
  void headersOfASortedOneAreReadAndHaveTheSameBytesWrittenAgain(String name) throws Exception {
    ByteBuffer wdiff = Samples.read(name);
    ByteBuffer again = ByteBuffer.allocate(wdiff.capacity());
    DiffHeader header = DiffHeader.read(wdiff);
    assertThat(header.format()).isEqualTo(Format.SORTED);
    header.write(again);
    while (DiffPack.read(wdiff.position(again.position())) instanceof Reading.Pack(DiffPack pack)) {
      pack.write(again);
      again.put(wdiff.slice(again.position(), pack.bodyBytes()));
    }
    assertThat(DiffPack.read(wdiff)).isInstanceOf(Reading.End.class);
    DiffPack.writeEnd(again);
    assertThat(again.flip()).isEqualTo(wdiff.rewind());
  }

  @ParameterizedTest
  @MethodSource("io.backstay.wdiff.Samples#sorted")
  void eachPayloadHasTheChecksumOfItsRecord(String name) throws Exception {
    ByteBuffer wdiff = Samples.read(name).position(DiffHeader.SIZE_BYTES);
    while (DiffPack.read(wdiff) instanceof Reading.Pack(DiffPack pack)) {
      ByteBuffer body = wdiff.slice(wdiff.position() + DiffPack.HEADER_BYTES, pack.bodyBytes());
      for (DiffRecord record : pack.records()) {
        ByteBuffer payload = body.slice(record.dataOffset(), record.dataBytes());
        assertThat(record.kind() != Kind.NORMAL || record.matches(payload)).isTrue();
      }
      wdiff.position(wdiff.position() + DiffPack.HEADER_BYTES + pack.bodyBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("io.backstay.wdiff.Samples#indexed")
  void theIndexOfAnIndexedOneIsReadAndHasTheSameBytesWrittenAgain(String name) throws Exception {
    ByteBuffer wdiff = Samples.read(name);
    assertThat(DiffHeader.read(wdiff).format()).isEqualTo(Format.INDEXED);
    IndexSuper end = superOf(wdiff);
    ByteBuffer again = ByteBuffer.allocate(IndexSuper.SIZE_BYTES);
    end.write(again);
    assertThat(again.flip()).isEqualTo(wdiff.slice(wdiff.capacity() - 24, 24));
    long reached = 0;
    for (IndexRecord record : records(wdiff)) {
      assertThat(record.offsetSectors()).isGreaterThanOrEqualTo(reached);
      reached = record.endSectors();
    }
  }

  @ParameterizedTest
  @MethodSource("io.backstay.wdiff.Samples#indexed")
  void recordsWithPayloadHaveTheSameBytesWrittenAgain(String name) throws Exception {
    ByteBuffer wdiff = Samples.read(name);
    int at = (int) superOf(wdiff).indexOffset();
    for (IndexRecord record : records(wdiff)) {
      ByteBuffer again = ByteBuffer.allocate(IndexRecord.SIZE_BYTES);
      record.write(again);
      if (record.kind() == Kind.NORMAL)
        assertThat(again.flip()).isEqualTo(wdiff.slice(at, IndexRecord.SIZE_BYTES));
      at += IndexRecord.SIZE_BYTES;
    }
  }

  @Test
  void aDiscardOf5000SectorsAndAWriteIntoItStandInPiecesInTheIndex() throws Exception {
    List<IndexRecord> records = records(Samples.read("bigdiscard.indexed.snappy.wdiff"));
    assertThat(records)
        .filteredOn(record -> record.kind() == Kind.NORMAL)
        .extracting(
            IndexRecord::offsetSectors, IndexRecord::sectors, record -> record.data().fromSector())
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(200L, 2, 0),
            org.assertj.core.groups.Tuple.tuple(202L, 1, 2));
    assertThat(records).extracting(IndexRecord::sectors).contains(2048, 64, 8, 1, 4, 16, 32);
  }

  @Test
  void aSampleNamesTheCompressionThatItsNameSays() {
    ByteBuffer wdiff = Samples.read("s4096.sorted.lzma.wdiff").position(DiffHeader.SIZE_BYTES);
    assertThat(DiffPack.read(wdiff)).isInstanceOf(Reading.Pack.class);
    Reading.Pack found = (Reading.Pack) DiffPack.read(wdiff);
    assertThat(found.pack().records())
        .filteredOn(record -> record.kind() == Kind.NORMAL)
        .extracting(DiffRecord::compression)
        .containsOnly(Compression.Type.LZMA);
  }

  private static IndexSuper superOf(ByteBuffer wdiff) throws MalformedDiffException {
    ByteBuffer last = wdiff.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    return IndexSuper.read(last.position(wdiff.capacity() - 24), wdiff.capacity());
  }

  private static List<IndexRecord> records(ByteBuffer wdiff) throws MalformedDiffException {
    IndexSuper end = superOf(wdiff);
    List<IndexRecord> records = new ArrayList<>();
    ByteBuffer index = wdiff.duplicate().position((int) end.indexOffset());
    for (int i = 0; i < end.records(); i++) {
      records.add(IndexRecord.read(index));
      index.position(index.position() + IndexRecord.SIZE_BYTES);
    }
    return records;
  }
}
