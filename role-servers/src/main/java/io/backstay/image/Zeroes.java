package io.backstay.image;

import io.backstay.wire.Payload;
import java.nio.ByteBuffer;

/** Which 64 KiB blocks of a range hold anything. */
final class Zeroes {
  private static final ByteBuffer ZERO_BLOCK = ByteBuffer.allocateDirect(Payload.BLOCK_BYTES);

  private Zeroes() {}

  /** Bit i is set when block i of the buffer's remaining bytes is not all zero. */
  static int dataBlocks(ByteBuffer bytes) {
    int blocks = 0;
    for (int i = 0; i < Payload.blocks(bytes.remaining()); i++) {
      if (!isZero(block(bytes, i))) blocks |= 1 << i;
    }
    return blocks;
  }

  /** Moves the blocks of the set bits to the front, in order. */
  static void moveTogether(ByteBuffer bytes, int dataBlocks) {
    int to = bytes.position();
    for (int i = 0; i < Payload.blocks(bytes.remaining()); i++) {
      if ((dataBlocks >>> i & 1) == 0) continue;
      ByteBuffer block = block(bytes, i);
      int from = bytes.position() + i * Payload.BLOCK_BYTES;
      if (from != to) bytes.put(to, bytes, from, block.remaining());
      to += block.remaining();
    }
  }

  /** So many zero bytes, at most a block. */
  static ByteBuffer block(int bytes) {
    return ZERO_BLOCK.slice(0, bytes);
  }

  private static ByteBuffer block(ByteBuffer bytes, int i) {
    int from = i * Payload.BLOCK_BYTES;
    return bytes.slice(
        bytes.position() + from, Math.min(Payload.BLOCK_BYTES, bytes.remaining() - from));
  }

  private static boolean isZero(ByteBuffer block) {
    // ByteBuffer.mismatch compares vector by vector; the first word answers for most data without
    // it.
    if (block.remaining() >= Long.BYTES && block.getLong(0) != 0) return false;
    return block.mismatch(block(block.remaining())) == -1;
  }
}
