package io.backstay.wlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.wlog.SuperSectors.Place;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SuperSectorTest {
  private static final SessionUuid UUID = SessionUuid.parse("000102030405060708090a0b0c0d0e0f");

  @Test
  void itsBytesAreThese() {
    SuperSector sector = new SuperSector(512, 0, 0x12345678, UUID, "smpl", 110, 70, 90, 128);
    ByteBuffer block = written(sector);
    String expected =
        "01000200"
            + "6e1a395d" // checksum, by the definition
            + "00020000"
            + "00020000"
            + "00000000"
            + "78563412"
            + "000102030405060708090a0b0c0d0e0f"
            + "736d706c"
            + "00".repeat(28)
            + "6e00000000000000"
            + "4600000000000000"
            + "5a00000000000000"
            + "8000000000000000";
    byte[] bytes = bytesOf(block);
    assertThat(HexFormat.of().formatHex(bytes, 0, SuperSector.SIZE_BYTES)).isEqualTo(expected);
    assertThat(Arrays.copyOfRange(bytes, SuperSector.SIZE_BYTES, 512)).containsOnly(0);
  }

  @Test
  void whatIsWrittenIsRead() throws Exception {
    LogLayout layout = LogLayout.forDevice(4096, 8 << 20);
    SuperSector sector = SuperSector.format(layout, -5, UUID, "données", 12345, 1 << 20);
    assertThat(SuperSector.read(written(sector))).isEqualTo(sector);
    assertThat(sector.layout()).isEqualTo(layout);
  }

  @Test
  void aWrongBitAnywhereInTheBlockIsNoticed() {
    ByteBuffer block = written(new SuperSector(512, 0, 1, UUID, "a", 110, 0, 0, 128));
    for (int bit = 0; bit < 8 * 512; bit++) {
      byte[] bytes = bytesOf(block);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> SuperSector.read(ByteBuffer.wrap(bytes)))
          .isInstanceOf(MalformedLogException.class);
    }
  }

  @Test
  void aChecksumThatDoesNotFitIsShownBesideTheOneThatWould() {
    ByteBuffer block = written(new SuperSector(512, 0, 1, UUID, "a", 110, 0, 0, 128));
    block.put(300, (byte) 1);
    assertThatThrownBy(() -> SuperSector.read(block))
        .hasMessageMatching("checksum \\p{XDigit}{8} does not fit .* asks for \\p{XDigit}{8}");
  }

  @Test
  void oldestBehindWrittenIsRefusedEvenWithAGoodChecksum() {
    ByteBuffer block = written(new SuperSector(512, 0, 1, UUID, "a", 110, 5, 5, 128));
    block.put(88, (byte) 4);
    block.putInt(4, 0);
    block.putInt(4, Integer.reverseBytes(WalbChecksum.of(block, 0)));
    assertThatThrownBy(() -> SuperSector.read(block))
        .hasMessageContaining("oldest lsid 5 and written lsid 4");
  }

  @Test
  void theLayoutIsWhereWalbPutsIt() {
    LogLayout small = LogLayout.forDevice(512, 8 << 20);
    LogLayout large = LogLayout.forDevice(4096, 8 << 20);
    assertThat(small.ringOffset()).isEqualTo(10);
    assertThat(small.ringBlocks()).isEqualTo(16374);
    assertThat(small.secondSuperBytes()).isEqualTo(4608);
    assertThat(large.ringOffset()).isEqualTo(3);
    assertThat(large.ringBlocks()).isEqualTo(2045);
    assertThat(large.secondSuperBytes()).isEqualTo(8192);
    assertThat(large.physicalBlock(2045 + 7)).isEqualTo(10);
    assertThat(large.blocksToRingEnd(2044)).isEqualTo(1);
    assertThat(large.paddingBlocks(2040, 5)).isZero();
    assertThat(large.paddingBlocks(2040, 6)).isEqualTo(5);
  }

  @Test
  void aDeviceWithoutRoomForARingIsRefused() {
    assertThatThrownBy(() -> LogLayout.forDevice(4096, 4 * 4096 - 1))
        .hasMessageContaining("needs more than 12288 bytes, found 16383");
    assertThat(LogLayout.forDevice(4096, 4 * 4096).ringBlocks()).isOne();
  }

  @Test
  void theFirstPlaceCountsWhileItIsValid() throws Exception {
    for (int blockBytes : new int[] {512, 4096}) {
      ByteBuffer head = head(blockBytes, 10, 20);
      SuperSectors both = SuperSectors.read(head);
      assertThat(both.place()).isEqualTo(Place.FIRST);
      assertThat(both.chosen().writtenLsid()).isEqualTo(10);
      assertThat(both.second()).isInstanceOf(SuperSectors.Valid.class);
    }
  }

  @Test
  void theSecondPlaceCountsWhereTheFirstWasTorn() throws Exception {
    // rule L4
    for (int blockBytes : new int[] {512, 4096}) {
      ByteBuffer head = head(blockBytes, 10, 20);
      head.put(90, (byte) 1);
      SuperSectors torn = SuperSectors.read(head);
      assertThat(torn.place()).isEqualTo(Place.SECOND);
      assertThat(torn.chosen().writtenLsid()).isEqualTo(20);
    }
  }

  @Test
  void aDeviceWithoutAnyIsNoLogDevice() {
    SuperSectors none = SuperSectors.read(ByteBuffer.allocate(SuperSectors.HEAD_BYTES));
    assertThatThrownBy(none::chosen)
        .isInstanceOf(MalformedLogException.class)
        .hasMessageStartingWith(
            "no log device: at the first place of the super sector sector type 0");
  }

  private static ByteBuffer head(int blockBytes, long firstLsid, long secondLsid) {
    ByteBuffer head = ByteBuffer.allocate(SuperSectors.HEAD_BYTES);
    SuperSector first =
        SuperSector.format(LogLayout.forDevice(blockBytes, 1 << 20), 1, UUID, "a", firstLsid, 128);
    first.write(head);
    head.position((int) first.layout().secondSuperBytes() - SuperSectors.HEAD_OFFSET_BYTES);
    first.withLsids(secondLsid, secondLsid).write(head);
    return head.rewind();
  }

  private static ByteBuffer written(SuperSector sector) {
    ByteBuffer block = ByteBuffer.allocate(sector.blockBytes());
    sector.write(block);
    assertThat(block.hasRemaining()).isFalse();
    return block.flip();
  }

  private static byte[] bytesOf(ByteBuffer block) {
    byte[] bytes = new byte[block.remaining()];
    block.get(block.position(), bytes);
    return bytes;
  }
}
