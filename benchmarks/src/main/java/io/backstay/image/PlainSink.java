package io.backstay.image;

import io.backstay.seam.BlockDevice;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes an image to a new file and keeps no evidence of it. */
public record PlainSink(BlockDevice device) implements RangeSink {
  @Override
  public void write(ImageChunk chunk, int[] checksums, ByteBuffer data) throws IOException {
    new DeviceSink(device, DeviceSink.Before.ZEROES).write(chunk, data);
  }

  @Override
  public void zero(long offset, long lengthBytes) {}

  @Override
  public void makeDurable(long upTo) throws IOException {
    device.flush();
  }
}
