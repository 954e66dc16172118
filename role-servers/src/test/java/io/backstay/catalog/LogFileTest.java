package io.backstay.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.catalog.LogFile.Entry;
import io.backstay.catalog.LogFile.Kind;
import io.backstay.wire.Cbor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogFileTest {
  private static final byte[] RELEASED =
      Cbor.write(new CatalogChange.Batch(List.of(new CatalogChange.Released("vol0", 7))));

  @Test
  void aLogHasTheBytesThatAreDrawn() {
    assertThat(HexFormat.of().formatHex(log(3, new Entry(41, RELEASED))))
        .isEqualTo(
            "424b53434154"
                + "4c47" // magic BKSCATLG
                + "01000000" // format version
                + "0300000000000000" // generation
                + "c277ce82" // CRC32C of the header
                + "424b4345" // magic BKCE
                + "2c000000" // body bytes
                + "2900000000000000" // revision 41
                + "11e73f5c" // CRC32C of the entry
                + "bf676368616e67657381" // {"changes": [
                + "bf6269736872656c6561736564" // {"is": "released"
                + "66766f6c756d6564766f6c30" // "volume": "vol0"
                + "6565706f636807ffff"); // "epoch": 7}]}
  }

  @Test
  void aSnapshotHasTheBytesThatAreDrawn() {
    CatalogState.Snapshot empty = CatalogState.empty("g").snapshot();
    assertThat(HexFormat.of().formatHex(LogFile.snapshot(1, new Entry(0, Cbor.write(empty)))))
        .isEqualTo(
            "424b53434154534e" // magic BKSCATSN
                + "01000000" // format version
                + "0100000000000000" // generation
                + "94622bf3" // CRC32C of the header
                + "424b4345" // magic BKCE
                + "37000000" // body bytes
                + "0000000000000000" // revision
                + "30092fff" // CRC32C of the entry
                + "bf6567726f75706167" // {"group": "g"
                + "677365727665727380" // "servers": []
                + "6b70726f74656374696f6e7380" // "protections": []
                + "6c7265736572766174696f6e7380" // "reservations": []
                + "6665706f636873bfffff"); // "epochs": {}}
  }

  @Test
  void whatWasWrittenIsReadBack() throws IOException {
    byte[] file = log(9, new Entry(0, new byte[] {1}), new Entry(1, new byte[] {2, 3}));
    LogFile.Contents contents = LogFile.read("log", Kind.LOG, 9, file);
    assertThat(contents.entries()).extracting(Entry::revision).containsExactly(0L, 1L);
    assertThat(contents.entries().getLast().body()).containsExactly(2, 3);
    assertThat(contents.tornBytes()).isZero();
  }

  @Test
  void aLogThatEndsAnywhereInItsLastEntryKeepsAllThatStandBefore() throws IOException {
    Entry[] entries = {new Entry(0, RELEASED), new Entry(1, RELEASED)};
    byte[] whole = log(1, entries);
    int firstEnd = log(1, entries[0]).length;
    for (int length = firstEnd; length < whole.length; length++) {
      LogFile.Contents contents = LogFile.read("log", Kind.LOG, 1, Arrays.copyOf(whole, length));
      assertThat(contents.entries()).as("cut at %d", length).hasSize(1);
      assertThat(contents.tornBytes()).isEqualTo(length - firstEnd);
    }
  }

  @Test
  void aLastEntryWithAnyByteChangedIsATornTail() throws IOException {
    byte[] whole = log(1, new Entry(0, RELEASED), new Entry(1, RELEASED));
    int firstEnd = log(1, new Entry(0, RELEASED)).length;
    for (int at = firstEnd; at < whole.length; at++) {
      byte[] torn = whole.clone();
      torn[at] ^= 0x40;
      LogFile.Contents contents = LogFile.read("log", Kind.LOG, 1, torn);
      assertThat(contents.entries()).as("byte %d", at).hasSize(1);
    }
  }

  @Test
  void zeroesBehindTheLastEntryAreATornTail() throws IOException {
    byte[] whole = log(1, new Entry(0, RELEASED));
    LogFile.Contents contents =
        LogFile.read("log", Kind.LOG, 1, Arrays.copyOf(whole, whole.length + 4096));
    assertThat(contents.entries()).hasSize(1);
    assertThat(contents.tornBytes()).isEqualTo(4096);
  }

  @Test
  void anyByteChangedBeforeAValidEntryIsRefused() throws IOException {
    byte[] whole = log(1, new Entry(0, RELEASED), new Entry(1, RELEASED));
    int firstEnd = log(1, new Entry(0, RELEASED)).length;
    for (int at = 0; at < firstEnd; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x01;
      assertThatThrownBy(() -> LogFile.read("log-1 in d", Kind.LOG, 1, damaged))
          .as("byte %d", at)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("log-1 in d");
    }
  }

  @Test
  void damageIsDescribedWithItsPlaceAndWhatToDo() {
    byte[] damaged = log(1, new Entry(0, RELEASED), new Entry(1, RELEASED));
    damaged[LogFile.HEADER_BYTES + LogFile.ENTRY_HEADER_BYTES] ^= 0x01;
    int next = log(1, new Entry(0, RELEASED)).length;
    assertThatThrownBy(() -> LogFile.read("log-1 in d", Kind.LOG, 1, damaged))
        .isInstanceOf(DamagedLogException.class)
        .hasMessageContaining("log-1 in d is damaged at byte 24")
        .hasMessageContaining("at byte " + next)
        .hasMessageContaining("nothing was changed");
  }

  @Test
  void aFileOfAnotherKindGenerationOrFormatVersionIsRefused() {
    byte[] log = log(1, new Entry(0, RELEASED));
    assertThatThrownBy(() -> LogFile.read("x", Kind.SNAPSHOT, 1, log))
        .hasMessageContaining("header of a catalog snapshot");
    assertThatThrownBy(() -> LogFile.read("x", Kind.LOG, 2, log))
        .hasMessageContaining("generation 1");
    byte[] newer = log.clone();
    newer[8] = 2;
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(newer, 0, 20);
    java.nio.ByteBuffer.wrap(newer)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putInt(20, (int) crc.getValue());
    assertThatThrownBy(() -> LogFile.read("x", Kind.LOG, 1, newer))
        .hasMessageContaining("format version 2, this release reads 1");
  }

  @Test
  void fileNamesSortByGenerationAndAreReadBack() {
    assertThat(Kind.LOG.fileName(12)).isEqualTo("log-0000000012");
    assertThat(Kind.LOG.generation("log-0000000012")).contains(12L);
    assertThat(Kind.LOG.generation("snapshot-0000000012")).isEmpty();
    assertThat(Kind.SNAPSHOT.generation("snapshot-0000000012.tmp")).isEmpty();
  }

  private static byte[] log(long generation, Entry... entries) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(LogFile.header(Kind.LOG, generation).array());
    for (Entry entry : entries) file.writeBytes(LogFile.entry(entry).array());
    return file.toByteArray();
  }
}
