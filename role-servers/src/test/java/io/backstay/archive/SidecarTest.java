package io.backstay.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Bytes;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SidecarTest {
  private static final String FILE = "image-000000.sums";
  private static final long IMAGE_BYTES = (2 << 20) + 4096;
  private static final Bytes HASH = Bytes.of(hex("000102030405060708090a0b0c0d0e0f"));

  private static final byte[] GOLDEN_HEADER =
      hex("424b5353554d5331 0010200000000000 00001000 00000100 66457441".replace(" ", ""));

  /** Range 0: blocks 0 and 2 hold data. */
  private static final byte[] GOLDEN_ENTRY =
      hex(
          "05000000 39c27d19 44332211 00000000 88776655".replace(" ", "")
              + "00".repeat(13 * 4)
              + "000102030405060708090a0b0c0d0e0f"
              + "00".repeat(40));

  /** Ranges 1 and 2: zeroes, and yet not the same bytes. */
  private static final byte[] GOLDEN_ZEROES_1 = hex("00000000e799d49e" + "00".repeat(120));

  private static final byte[] GOLDEN_ZEROES_2 = hex("00000000284f4c31" + "00".repeat(120));

  private final Directory directory = new MemoryDisk().directory("/volume");

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }

  private static byte[] bytes(BlockDevice device, long offset, int length) throws IOException {
    ByteBuffer page = BufferPool.aligned(Sidecar.HEADER_BYTES);
    device.read(offset / page.capacity() * page.capacity(), page);
    byte[] bytes = new byte[length];
    page.get((int) (offset % page.capacity()), bytes);
    return bytes;
  }

  private void write() throws IOException {
    try (Sidecar sidecar =
        Sidecar.format(directory.createDevice(FILE, Sidecar.sizeBytes(IMAGE_BYTES)), IMAGE_BYTES)) {
      Sidecar.Page page = sidecar.read(0, 3);
      page.put(
          0,
          new ImageChunk(0, ImageChunk.RANGE_BYTES, 0b101, HASH),
          new int[] {0x11223344, 0x55667788});
      page.putZeroes(1);
      page.putZeroes(2);
      sidecar.write(page);
      sidecar.flush();
    }
  }

  @Test
  void theFileIsExactlyWhatIsDrawn() throws IOException {
    write();
    try (BlockDevice device = directory.openDevice(FILE)) {
      assertThat(device.sizeBytes()).isEqualTo(8192).isEqualTo(Sidecar.sizeBytes(IMAGE_BYTES));
      assertThat(bytes(device, 0, 28)).isEqualTo(GOLDEN_HEADER);
      assertThat(bytes(device, 28, 4068)).containsOnly(0);
      assertThat(bytes(device, 4096, 128)).isEqualTo(GOLDEN_ENTRY);
      assertThat(bytes(device, 4096 + 128, 128)).isEqualTo(GOLDEN_ZEROES_1);
      assertThat(bytes(device, 4096 + 256, 128)).isEqualTo(GOLDEN_ZEROES_2);
      assertThat(bytes(device, 4096 + 384, 128)).containsOnly(0);
    }
  }

  @Test
  void whatWasWrittenIsRead() throws Exception {
    write();
    try (Sidecar sidecar = Sidecar.open(directory.openDevice(FILE), IMAGE_BYTES)) {
      Sidecar.Entry entry = sidecar.read(0, 1).get(0);
      assertThat(entry.dataBlocks()).isEqualTo(0b101);
      assertThat(entry.checksums()).containsExactly(0x11223344, 0x55667788);
      assertThat(entry.sourceHash()).isEqualTo(HASH);
      assertThat(sidecar.read(2, 1).get(2).dataBlocks()).isZero();
    }
  }

  @Test
  void anEntryThatWasNeverWrittenIsDamageAndNotZeroesRuleX9() throws Exception {
    BlockDevice device = directory.createDevice(FILE, Sidecar.sizeBytes(IMAGE_BYTES));
    try (Sidecar sidecar = Sidecar.format(device, IMAGE_BYTES)) {
      assertThatThrownBy(() -> sidecar.read(1, 1).get(1))
          .isInstanceOf(SidecarDamagedException.class);
    }
  }

  @Test
  void theSidecarOfAnotherSizeIsRefused() throws Exception {
    write();
    assertThatThrownBy(() -> Sidecar.open(directory.openDevice(FILE), IMAGE_BYTES + 4096))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("header");
  }
}
