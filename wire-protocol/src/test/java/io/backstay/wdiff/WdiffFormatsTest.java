package io.backstay.wdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader.Format;
import io.backstay.wdiff.DiffPack.Reading;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The bytes of a wdiff's parts, and each rule that makes others invalid. */
class WdiffFormatsTest {
  private static final SessionUuid UUID = SessionUuid.parse("000102030405060708090a0b0c0d0e0f");
  private static final DiffRecord NORMAL =
      new DiffRecord(8, 2, Kind.NORMAL, Compression.Type.ZSTD, 0, 100, 0x11223344);
  private static final DiffRecord DISCARD = DiffRecord.withoutData(0x102030, 5, Kind.DISCARD, 100);

  @Test
  void aHeaderHasTheseBytes() {
    ByteBuffer out = ByteBuffer.allocate(32);
    new DiffHeader(Format.INDEXED, UUID).write(out);
    assertThat(hex(out, 0, 32))
        .isEqualTo(
            "e6e3dedb" + "0200" + "01" + "000000000000000000" + "000102030405060708090a0b0c0d0e0f");
  }

  @Test
  void aPackHasTheseBytes() {
    ByteBuffer out = ByteBuffer.allocate(4096);
    new DiffPack(List.of(NORMAL, DISCARD), 100).write(out);
    assertThat(hex(out, 4, 16 + 64))
        .isEqualTo(
            "0200"
                + "00"
                + "00"
                + "64000000"
                + "00000000"
                + "0800000000000000"
                + "02000000"
                + "00"
                + "05"
                + "0000"
                + "00000000"
                + "64000000"
                + "44332211"
                + "00000000"
                + "3020100000000000"
                + "05000000"
                + "04"
                + "00"
                + "0000"
                + "64000000"
                + "00000000"
                + "00000000"
                + "00000000");
    assertThat(hex(out, 80, 4096)).matches("0*");
    assertThat(WalbChecksum.of(out, 0, 4096, 0)).isZero();
  }

  @Test
  void theLastPackHasTheseBytes() {
    ByteBuffer out = ByteBuffer.allocate(4096);
    DiffPack.writeEnd(out);
    assertThat(hex(out, 0, 16)).isEqualTo("0000ffff" + "0000" + "01" + "00" + "0000000000000000");
    assertThat(hex(out, 16, 4096)).matches("0*");
  }

  @Test
  void aRecordOfTheIndexHasTheseBytes() {
    ByteBuffer out = ByteBuffer.allocate(48);
    IndexRecord.Shown shown =
        new IndexRecord.Shown(Compression.Type.SNAPPY, 0x20, 100, 2, 3, 0x11223344);
    new IndexRecord(202, 1, Kind.NORMAL, shown).write(out);
    assertThat(hex(out, 0, 44))
        .isEqualTo(
            "ca00000000000000"
                + "01000000"
                + "00"
                + "02"
                + "0000"
                + "2000000000000000"
                + "64000000"
                + "02000000"
                + "03000000"
                + "00000000"
                + "44332211");
    assertThat(WalbChecksum.of(out, 0, 48, 0)).isZero();
  }

  @Test
  void theEndOfAnIndexedWdiffHasTheseBytes() {
    ByteBuffer out = ByteBuffer.allocate(24);
    new IndexSuper(0x40, 2, 3).write(out);
    assertThat(hex(out, 0, 24))
        .isEqualTo("4000000000000000" + "02000000" + "03000000" + "00000000" + "bbffffff");
  }

  @Test
  void whatIsNoWdiffIsToldSo() {
    assertThatThrownBy(() -> DiffHeader.read(ByteBuffer.allocate(31)))
        .isInstanceOf(MalformedDiffException.class)
        .hasMessage("no wdiff: its header has 32 bytes, found 31");
    assertThatThrownBy(() -> DiffHeader.read(ByteBuffer.allocate(64)))
        .hasMessage("no wdiff of a known format: version 0, format 0; expected 2, and 0 or 1");
    assertThatThrownBy(() -> DiffHeader.read(ByteBuffer.wrap(new byte[40]).put(9, (byte) 7)))
        .hasMessageStartingWith("no wdiff: checksum 00000000, the first 32 bytes ask for");
  }

  @ParameterizedTest
  @CsvSource({
    "4, 128, 'checksum'",
    "6, 2, 'a pack has flags 02'",
    "6, 1, 'the last pack has 2 records and a body of 100 bytes, expected none'",
    "8, 99, 'a body of 99 bytes, its records add up to 100, at most 33554432 are allowed'",
    "16, 1056816, 'record 1 is for sector 1056816, the one before it reaches to 1056818'",
    "24, 0, 'record 0: a NORMAL record of 0 sectors, allowed are 1 to 65536'",
    "24, 65537, 'record 0: a NORMAL record of 65537 sectors'",
    "28, 1, 'record 0: flags 01, allowed are 0, 2 and 4'",
    "28, 6, 'record 0: flags 06'",
    "28, 2, 'record 0: a ALLZERO record with a payload: compression ZSTD, 100 bytes'",
    "29, 6, 'record 0: compression 6, allowed are 0 to 5'",
    "29, 0, 'record 0: a payload of 100 bytes with compression NONE for 2 sectors'",
    "32, 1, 'record 0: a payload at byte 1 of the body, those before it end at 0'",
    "36, 0, 'record 0: a payload of 0 bytes with compression ZSTD for 2 sectors'",
    "36, 1024, 'record 0: a payload of 1024 bytes with compression ZSTD for 2 sectors'",
    "55, -1, 'record 1: a record of 5 sectors at sector'",
    "56, 0, 'record 1: a DISCARD record of 0 sectors'"
  })
  void aPackThatBreaksARuleIsInvalidAndSaysWhich(int at, int value, String found) {
    ByteBuffer pack = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    new DiffPack(List.of(NORMAL, DISCARD), 100).write(pack);
    pack.flip();
    boolean wide = at == 16 || at == 24 || at == 8 || at == 32 || at == 36 || at == 56;
    if (wide) pack.putInt(at, value);
    else pack.put(at, (byte) value);
    if (!found.equals("checksum")) pack.putInt(0, 0).putInt(0, WalbChecksum.of(pack, 0));
    assertThat(DiffPack.read(pack))
        .isInstanceOfSatisfying(
            Reading.Invalid.class, invalid -> assertThat(invalid.found()).contains(found));
  }

  @Test
  void moreRecordsThanFitAreInvalid() {
    ByteBuffer pack = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    pack.putShort(4, (short) 128).putInt(0, 0).putInt(0, WalbChecksum.of(pack, 0));
    assertThat(DiffPack.read(pack))
        .isEqualTo(new Reading.Invalid("128 records in a pack, at most 127 fit"));
  }

  @Test
  void theOffsetOfARecordWithoutPayloadIsNotLookedAt() {
    ByteBuffer pack = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    new DiffPack(List.of(NORMAL, DISCARD), 100).write(pack);
    pack.flip().putInt(64, 7777);
    pack.putInt(0, 0).putInt(0, WalbChecksum.of(pack, 0));
    assertThat(DiffPack.read(pack))
        .isEqualTo(new Reading.Pack(new DiffPack(List.of(NORMAL, DISCARD), 100)));
  }

  @Test
  void aPackThatIsNotInOrderCannotBeMade() {
    DiffRecord overlapping = DiffRecord.withoutData(9, 1, Kind.ALLZERO, 100);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DiffPack(List.of(NORMAL, overlapping), 100))
        .withMessage("record 1 is for sector 9, the one before it reaches to 10");
  }

  @Test
  void theEndOfAnIndexedWdiffFitsItsFile() {
    ByteBuffer out = ByteBuffer.allocate(24);
    new IndexSuper(0x40, 2, 3).write(out);
    assertThatThrownBy(() -> IndexSuper.read(out.flip(), 0x40 + 96 + 24 + 1))
        .isInstanceOf(MalformedDiffException.class)
        .hasMessage("2 records at byte 64 do not fit a file of 185 bytes");
  }

  private static String hex(ByteBuffer bytes, int from, int end) {
    byte[] piece = new byte[end - from];
    bytes.get(from, piece);
    return HexFormat.of().formatHex(piece);
  }
}
