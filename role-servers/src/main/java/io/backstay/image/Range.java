package io.backstay.image;

import io.backstay.wire.Message;
import io.backstay.wire.Payload;

/** A piece of an image, as it is read, sent and written. */
public sealed interface Range {
  long offset();

  long lengthBytes();

  default long end() {
    return offset() + lengthBytes();
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
