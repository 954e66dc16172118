package io.backstay.bench;

import io.backstay.image.RangeSink;
import io.backstay.seam.BlockDevice;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.nio.ByteBuffer;

/**
 * A volume without a disk: what is read is what the buffer held, with two fifths of the ranges
 * zero, as in the image; what is written is dropped.
 */
record MemoryVolume(long sizeBytes) implements BlockDevice, RangeSink {
  @Override
  public int alignmentBytes() {
    return 1;
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    boolean data = offset / ImageChunk.RANGE_BYTES % 5 < 3;
    for (int at = into.position(); at < into.limit(); at += Payload.BLOCK_BYTES) {
      into.put(at, (byte) 1);
    }
    if (!data) into.duplicate().put(new byte[into.remaining()]);
    into.position(into.limit());
  }

  @Override
  public long nextData(long offset) {
    return offset;
  }

  @Override
  public void write(ImageChunk chunk, int[] checksums, ByteBuffer data) {}

  @Override
  public void write(long offset, ByteBuffer from) {}

  @Override
  public void zero(long offset, long lengthBytes) {}

  @Override
  public void makeDurable(long upTo) {}

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
