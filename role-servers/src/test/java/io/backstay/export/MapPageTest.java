package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class MapPageTest {
  private static MapPage page() {
    long[] blocks = new long[MapPage.WORDS];
    blocks[0] = 0b1101;
    blocks[MapPage.WORDS - 1] = Long.MIN_VALUE;
    return new MapPage(3, 0x1122, blocks);
  }

  private static byte[] bytes(ByteBuffer page) {
    byte[] bytes = new byte[page.remaining()];
    page.get(bytes);
    return bytes;
  }

  @Test
  void itsBytesAreThese() {
    byte[] bytes = bytes(page().bytes());
    assertThat(bytes).hasSize(4096);
    String head = HexFormat.of().formatHex(bytes, 0, 72);
    assertThat(head)
        .isEqualTo(
            "42534348414e4745" // BSCHANGE
                + "01000000"
                + "264d5545"
                + "0300000000000000"
                + "2211000000000000"
                + "00".repeat(32)
                + "0d00000000000000");
    assertThat(HexFormat.of().formatHex(bytes, 4088, 4096)).isEqualTo("0000000000000080");
  }

  @Test
  void whatWasWrittenIsReadAgain() {
    MapPage read = MapPage.read(page().bytes(), 3).orElseThrow();
    assertThat(read.sequence()).isEqualTo(0x1122);
    assertThat(read.blocks()).isEqualTo(page().blocks());
  }

  @Test
  void aPageOfAnotherNumberOrWithAWrongByteIsNone() {
    assertThat(MapPage.read(page().bytes(), 2)).isEmpty();
    for (int at = 0; at < 4096; at += 5) {
      byte[] bytes = bytes(page().bytes());
      bytes[at] ^= 4;
      assertThat(MapPage.read(ByteBuffer.wrap(bytes), 3)).as("byte %d", at).isEmpty();
    }
    assertThat(MapPage.read(ByteBuffer.allocate(4096), 0)).isEmpty();
  }
}
