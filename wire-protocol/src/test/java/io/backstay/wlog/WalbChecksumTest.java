package io.backstay.wlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WalbChecksumTest {
  @Test
  void zeroesOfAnyLengthHaveTheNegatedSalt() {
    for (int length = 0; length < 40; length++) {
      assertThat(WalbChecksum.of(ByteBuffer.allocate(length), 0x12345678)).isEqualTo(-0x12345678);
    }
  }

  @Test
  void aLastWordIsCompletedWithZeroes() {
    byte[] bytes = {1, 0, 0, 0, 2, 3, 4};
    assertThat(WalbChecksum.of(ByteBuffer.wrap(bytes), 0)).isEqualTo(-(1 + 0x040302));
  }

  @Test
  void aSimpleLoopAndTheFastOneAgree() {
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      int salt = random.nextInt();
      int before = random.nextInt(9);
      byte[] bytes = new byte[random.nextInt(seed % 2 == 0 ? 70 : 9000)];
      random.nextBytes(bytes);
      int expected = simple(bytes, salt);
      ByteBuffer heap = ByteBuffer.allocate(before + bytes.length).put(before, bytes);
      ByteBuffer direct = ByteBuffer.allocateDirect(before + bytes.length).put(before, bytes);
      direct.order(ByteOrder.LITTLE_ENDIAN);
      for (ByteBuffer buffer : new ByteBuffer[] {heap, direct, heap.asReadOnlyBuffer()}) {
        buffer.position(before);
        assertThat(WalbChecksum.of(buffer, salt)).as("seed %d", seed).isEqualTo(expected);
        assertThat(WalbChecksum.of(buffer.slice(), salt)).as("seed %d", seed).isEqualTo(expected);
        assertThat(WalbChecksum.of(buffer, before, bytes.length, salt)).isEqualTo(expected);
        assertThat(buffer.position()).isEqualTo(before);
      }
    }
  }

  @Test
  void piecesThatAreWholeWordsAddUp() {
    byte[] bytes = new byte[1001];
    new Random(7).nextBytes(bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    int sum = WalbChecksum.sum(42, buffer.slice(0, 508));
    sum = WalbChecksum.sum(sum, buffer.slice(508, 4));
    sum = WalbChecksum.sum(sum, buffer, 512, 489);
    assertThat(WalbChecksum.ofSum(sum)).isEqualTo(simple(bytes, 42));
  }

  @Test
  void aRangeBehindTheLimitIsRefused() {
    ByteBuffer buffer = ByteBuffer.allocate(64).limit(32);
    assertThatThrownBy(() -> WalbChecksum.of(buffer, 16, 24, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  /** The definition, word by word. */
  private static int simple(byte[] bytes, int salt) {
    int sum = salt;
    for (int i = 0; i < bytes.length; i += 4) {
      int word = 0;
      for (int k = 0; k < 4 && i + k < bytes.length; k++) word |= (bytes[i + k] & 0xff) << 8 * k;
      sum += word;
    }
    return -sum;
  }
}
