package io.backstay.image;

import io.backstay.seam.BufferPool;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import java.nio.ByteBuffer;

/** A piece of an image, as it is read, sent and written. */
public sealed interface Range {
  long offset();

  long lengthBytes();

  default long end() {
    return offset() + lengthBytes();
  }

  /**
   * What a range holds, with its evidence: zero blocks are found, the range's hash and the blocks'
   * CRC32C are taken from this very memory.
   *
   * @param bytes the buffer's remaining ones, which are moved together in it
   * @param lease of the buffer, which goes with the range; of zeroes, and when this throws, it
   *     stays the caller's
   */
  static Range of(long offset, ByteBuffer bytes, BufferPool.Lease lease) {
    int length = bytes.remaining();
    int dataBlocks = io.backstay.image.Zeroes.dataBlocks(bytes);
    if (dataBlocks == 0) return new Zeroes(offset, length);
    Message.ImageChunk chunk =
        new Message.ImageChunk(offset, length, dataBlocks, RangeHash.of(bytes));
    io.backstay.image.Zeroes.moveTogether(bytes, dataBlocks);
    bytes.limit(bytes.position() + chunk.payloadBytes());
    return new Chunk(chunk, Payload.of(bytes, lease::close));
  }

  /** All zero. */
  record Zeroes(long offset, long lengthBytes) implements Range {}

  /** As the receiver has it already (rule X5). */
  record Kept(long offset, long lengthBytes) implements Range {}

  /**
   * At most 1 MiB with something in it.
   *
   * @param payload the blocks of the chunk's set bits, one behind the other; owned by whoever holds
   *     the range
   */
  record Chunk(Message.ImageChunk chunk, Payload payload) implements Range {
    public Chunk {
      if (payload.sizeBytes() != chunk.payloadBytes()) {
        throw new IllegalArgumentException(
            "the chunk at %d stands for %d payload bytes and comes with %d"
                .formatted(chunk.offset(), chunk.payloadBytes(), payload.sizeBytes()));
      }
    }

    @Override
    public long offset() {
      return chunk.offset();
    }

    @Override
    public long lengthBytes() {
      return chunk.lengthBytes();
    }
  }
}
