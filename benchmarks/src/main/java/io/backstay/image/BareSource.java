package io.backstay.image;

import io.backstay.model.Bytes;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A device as a source of ranges of which nothing is known: no hash, no checksum. */
public record BareSource(BlockDevice device) implements RangeSource {
  private static final Bytes NO_HASH = Bytes.of(new byte[ImageChunk.HASH_BYTES]);

  @Override
  public long sizeBytes() {
    return device.sizeBytes();
  }

  @Override
  public long nextData(long offset) throws IOException {
    return offset;
  }

  @Override
  public Range read(long offset, BufferPool.Lease lease) throws IOException {
    int length = (int) Math.min(ImageChunk.RANGE_BYTES, sizeBytes() - offset);
    ByteBuffer buffer = lease.buffer().clear().limit(length);
    device.read(offset, buffer);
    int dataBlocks = Zeroes.dataBlocks(buffer.flip());
    if (dataBlocks == 0) {
      lease.close();
      return new Range.Zeroes(offset, length);
    }
    ImageChunk chunk = new ImageChunk(offset, length, dataBlocks, NO_HASH);
    Zeroes.moveTogether(buffer, dataBlocks);
    int[] noChecksums = new int[Payload.blocks(chunk.payloadBytes())];
    return new Range.Chunk(
        chunk, Payload.received(buffer.limit(chunk.payloadBytes()), noChecksums, lease::close));
  }
}
