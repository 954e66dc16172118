package io.backstay.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Bytes;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RangeHashTest {
  private static final Bytes NO_HASH = Bytes.of(new byte[ImageChunk.HASH_BYTES]);

  @Test
  void isWhatXxhsumPrints() {
    // printf '' | xxhsum -H2; printf a | xxhsum -H2
    assertThat(RangeHash.of(ByteBuffer.allocate(0)))
        .hasToString("99aa06d3014798d86001c324468d497f");
    assertThat(RangeHash.of(ByteBuffer.wrap("a".getBytes(StandardCharsets.US_ASCII))))
        .hasToString("a96faf705af16834e6c632b61e964e1f");
  }

  @Test
  void isTheSameInsideAndOutsideOfTheHeap() {
    byte[] random = random(ImageChunk.RANGE_BYTES);
    ByteBuffer outside = BufferPool.aligned(random.length).put(random).flip();
    ByteBuffer inside = ByteBuffer.wrap(random);
    assertThat(RangeHash.of(outside.position(4096))).isEqualTo(RangeHash.of(inside.position(4096)));
    assertThat(outside.position()).isEqualTo(4096);
    assertThat(inside.position()).isEqualTo(4096);
  }

  @Test
  void coversTheZeroBlocksThatAreNotSent() {
    int length = 3 * Payload.BLOCK_BYTES + 100;
    byte[] whole = random(length);
    for (int i = Payload.BLOCK_BYTES; i < 2 * Payload.BLOCK_BYTES; i++) whole[i] = 0;
    ByteBuffer dataBlocks = ByteBuffer.allocateDirect(length - Payload.BLOCK_BYTES);
    dataBlocks.put(whole, 0, Payload.BLOCK_BYTES);
    dataBlocks.put(whole, 2 * Payload.BLOCK_BYTES, length - 2 * Payload.BLOCK_BYTES).flip();
    assertThat(RangeHash.of(new ImageChunk(0, length, 0b1101, NO_HASH), dataBlocks))
        .isEqualTo(RangeHash.of(ByteBuffer.wrap(whole)))
        .isNotEqualTo(RangeHash.of(new ImageChunk(0, length, 0b1110, NO_HASH), dataBlocks));
  }

  private static byte[] random(int bytes) {
    byte[] random = new byte[bytes];
    new SplittableRandom(7).nextBytes(random);
    return random;
  }
}
