package io.backstay.wlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.wlog.LogRecord.Kind;
import io.backstay.wlog.PackReader.Paddings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class PackHeaderTest {
  private static final int SALT = 0x12345678;
  private final PackReader reader = new PackReader(512, SALT, Paddings.FILLED);

  @Test
  void itsBytesAreThese() {
    PackBuilder pack = new PackBuilder(512, 7);
    assertThat(pack.addWrite(8, 2, 0xd9b79588)).isEqualTo(8);
    assertThat(pack.addDiscard(100, 5000)).isEqualTo(10);
    assertThat(pack.addPadding(3)).isEqualTo(10);
    PackHeader header = pack.build();
    String expected =
        "ceff0d14" // checksum, by the definition
            + "0300"
            + "0500"
            + "0700000000000000"
            + "0300"
            + "0100"
            + "00000000"
            + "8895b7d901000000080000000000000002000000010000000800000000000000"
            + "0000000005000000640000000000000088130000030000000a00000000000000"
            + "0000000003000000000000000000000003000000030000000a00000000000000";
    byte[] bytes = bytesOf(written(header));
    assertThat(HexFormat.of().formatHex(bytes, 0, 120)).isEqualTo(expected);
    assertThat(Arrays.copyOfRange(bytes, 120, 512)).containsOnly(0);
    assertThat(header.nextLsid()).isEqualTo(13);
    assertThat(header.sizeBytes()).isEqualTo(6 * 512);
  }

  @Test
  void whatIsWrittenIsRead() {
    for (int blockBytes : new int[] {512, 4096}) {
      PackBuilder pack = new PackBuilder(blockBytes, 1000);
      pack.addDiscard(1, LogRecord.DISCARD_SECTORS_MAX);
      for (int i = 1; pack.recordsLeft() > 1; i++) pack.addWrite(i * 16L, i, i * 77);
      pack.addPadding(4);
      PackHeader header = pack.build();
      assertThat(header.records()).hasSize(blockBytes == 512 ? 15 : 127);
      PackReader reader = new PackReader(blockBytes, SALT, Paddings.FILLED);
      assertThat(reader.read(written(header), 1000)).isEqualTo(new PackReading.Pack(header));
    }
  }

  @Test
  void itIsWrittenIntoTheMiddleOfADirtyDirectBuffer() {
    PackHeader header = onePack();
    ByteBuffer buffer = ByteBuffer.allocateDirect(2048);
    while (buffer.hasRemaining()) buffer.put((byte) 0xff);
    buffer.position(1024);
    header.write(buffer, SALT);
    assertThat(buffer.position()).isEqualTo(1536);
    assertThat(buffer.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
    assertThat(reader.read(buffer.position(1024), 7)).isEqualTo(new PackReading.Pack(header));
    assertThat(buffer.get(1023)).isEqualTo((byte) 0xff);
    assertThat(buffer.get(1536)).isEqualTo((byte) 0xff);
  }

  @Test
  void aWriteOfPartOfABlockTakesAWholeOne() {
    PackBuilder pack = new PackBuilder(4096, 0);
    assertThat(pack.addWrite(0, 9, 0)).isEqualTo(1);
    assertThat(pack.addWrite(0, 8, 0)).isEqualTo(3);
    assertThat(pack.addWrite(0, 1, 0)).isEqualTo(4);
    assertThat(pack.build().dataBlocks()).isEqualTo(4);
  }

  @Test
  void theFirstRecordsOfATornPackMakeAPack() {
    PackHeader kept = onePack().withFirst(1);
    assertThat(kept.nextLsid()).isEqualTo(10);
    assertThat(reader.read(written(kept), 7)).isEqualTo(new PackReading.Pack(kept));
  }

  @Test
  void aBlockNeverWrittenIsNoPack() {
    assertThat(invalid(reader.read(ByteBuffer.allocate(512), 0))).startsWith("sector type 0");
  }

  @Test
  void anEmptyPackEndsTheLog() {
    ByteBuffer block = ByteBuffer.allocate(512);
    PackHeader.writeEnd(block, 512, SALT);
    assertThat(reader.read(block.flip(), 99)).isEqualTo(new PackReading.End());
  }

  @Test
  void aPackOfAnEarlierLapOrSessionIsNotThisOne() {
    ByteBuffer block = written(onePack());
    assertThat(invalid(reader.read(block, 117)))
        .isEqualTo("a whole header of lsid 7, expected 117");
    assertThat(invalid(new PackReader(512, SALT + 1, Paddings.FILLED).read(block, 7)))
        .matches("checksum \\p{XDigit}{8}, the content with salt 12345679 asks for \\p{XDigit}{8}");
  }

  @Test
  void aWrongBitAnywhereInTheBlockIsNoticed() {
    byte[] block = bytesOf(written(onePack()));
    for (int bit = 0; bit < 8 * 512; bit++) {
      byte[] bytes = block.clone();
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(reader.read(ByteBuffer.wrap(bytes), 7)).isInstanceOf(PackReading.Invalid.class);
    }
  }

  @Test
  void fieldsThatDisagreeAreRefusedEvenWithAGoodChecksum() {
    assertRefused(
        block -> block.putShort(6, (short) 4), "4 blocks and 0 paddings by its own count");
    assertRefused(
        block -> block.putShort(18, (short) 1), "5 blocks and 1 paddings by its own count");
    assertRefused(block -> block.putShort(16, (short) 16), "16 records, at most 15 fit");
    assertRefused(block -> block.putShort(16, (short) 2), "its records add up to 2 and 0");
    assertRefused(block -> block.putInt(24 + 4, 0), "record 0 has flags 00000000");
    assertRefused(block -> block.putInt(24 + 4, 7), "record 0 has flags 00000007");
    assertRefused(block -> block.putInt(24 + 16, 0), "record 0: a NORMAL record of 0 sectors");
    assertRefused(block -> block.putInt(24 + 16, 65536), "record 0: a NORMAL record of 65536");
    assertRefused(block -> block.putInt(24 + 16, 3), "record 1 stands at block 3");
    assertRefused(block -> block.putLong(24 + 8, -1), "sector 18446744073709551615");
    assertRefused(block -> block.putLong(24 + 24, 9), "record 0: lsid 9 at block 1 of its pack");
    assertRefused(
        block -> block.putShort(24 + 20, (short) 0).putLong(24 + 24, 7), "at block 0 of its pack");
    assertRefused(block -> block.putShort(16, (short) 0), "no records, but 5 blocks of data");
  }

  @Test
  void aPaddingOfNoLengthPassesOnlyWhereAsked() {
    PackHeader header = new PackHeader(512, 7, List.of(new LogRecord(Kind.PADDING, 0, 0, 0, 1)));
    assertThat(invalid(reader.read(written(header), 7)))
        .isEqualTo("record 0: a padding of no length");
    assertThat(new PackReader(512, SALT, Paddings.MAY_BE_EMPTY).read(written(header), 7))
        .isEqualTo(new PackReading.Pack(header));
  }

  @Test
  void aPackHasOnePaddingAtMost() {
    PackBuilder pack = new PackBuilder(512, 7);
    pack.addPadding(1);
    assertThatThrownBy(() -> pack.addPadding(1)).hasMessageContaining("which has one already");
  }

  @Test
  void aFullPackRefusesMore() {
    PackBuilder pack = new PackBuilder(512, 7);
    for (int i = 0; i < 15; i++) pack.addWrite(0, 1, 0);
    assertThatThrownBy(() -> pack.addWrite(0, 1, 0)).hasMessageContaining("does not fit");
    PackBuilder long1 = new PackBuilder(512, 7);
    long1.addWrite(0, 65535, 0);
    assertThat(long1.dataBlocksLeft()).isZero();
    assertThatThrownBy(() -> long1.addWrite(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(new PackBuilder(512, 7)::build).hasMessageContaining("0 records");
  }

  /** Changes the block of {@link #onePack()}, mends its checksum and reads it. */
  private void assertRefused(Consumer<ByteBuffer> change, String expected) {
    ByteBuffer block = written(onePack()).order(ByteOrder.LITTLE_ENDIAN);
    change.accept(block);
    block.putInt(0, 0);
    block.putInt(0, WalbChecksum.of(block, SALT));
    assertThat(invalid(reader.read(block, 7))).contains(expected);
  }

  private static PackHeader onePack() {
    PackBuilder pack = new PackBuilder(512, 7);
    pack.addWrite(8, 2, 1);
    pack.addDiscard(100, 5000);
    pack.addWrite(20, 3, 2);
    return pack.build();
  }

  private static String invalid(PackReading reading) {
    assertThat(reading).isInstanceOf(PackReading.Invalid.class);
    return ((PackReading.Invalid) reading).found();
  }

  private static ByteBuffer written(PackHeader header) {
    ByteBuffer block = ByteBuffer.allocate(header.blockBytes());
    header.write(block, SALT);
    return block.flip();
  }

  private static byte[] bytesOf(ByteBuffer block) {
    byte[] bytes = new byte[block.remaining()];
    block.get(block.position(), bytes);
    return bytes;
  }
}
