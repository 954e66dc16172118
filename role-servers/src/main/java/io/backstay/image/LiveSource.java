package io.backstay.image;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A volume as it is now. This is where the evidence is made ({@link Range#of}), from the very
 * memory that the device filled.
 */
public final class LiveSource implements RangeSource {
  private final BlockDevice device;
  private final long sizeBytes;

  /**
   * @param sizeBytes size of the volume, at most the device's
   */
  public LiveSource(BlockDevice device, long sizeBytes) {
    if (sizeBytes > device.sizeBytes()) {
      throw new IllegalArgumentException(
          "a volume of %d bytes on a device of %d".formatted(sizeBytes, device.sizeBytes()));
    }
    this.device = device;
    this.sizeBytes = sizeBytes;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public long nextData(long offset) throws IOException {
    long data = Math.min(sizeBytes, device.nextData(offset));
    return data == sizeBytes
        ? sizeBytes
        : Math.max(offset, data - data % Message.ImageChunk.RANGE_BYTES);
  }

  @Override
  public Range read(long offset, BufferPool.Lease lease) throws IOException {
    int length = (int) Math.min(Message.ImageChunk.RANGE_BYTES, sizeBytes - offset);
    boolean kept = false;
    try {
      ByteBuffer buffer = lease.buffer().clear().limit(readable(offset, length));
      readNaming(offset, buffer);
      Range range = Range.of(offset, buffer.flip().limit(length), lease);
      kept = range instanceof Range.Chunk;
      return range;
    } finally {
      if (!kept) lease.close();
    }
  }

  /** How much to read for so many bytes: a device that goes on behind the volume reads blocks. */
  private int readable(long offset, int length) {
    int alignment = device.alignmentBytes();
    int whole = (length + alignment - 1) / alignment * alignment;
    return (int) Math.min(whole, device.sizeBytes() - offset);
  }

  /**
   * Reads, and on failure finds the very block that cannot be read, so that the message names it.
   */
  private void readNaming(long offset, ByteBuffer buffer) throws IOException {
    int length = buffer.remaining();
    try {
      device.read(offset, buffer);
    } catch (IOException e) {
      int step = Math.max(4096, device.alignmentBytes());
      for (int at = 0; at < length; at += step) {
        ByteBuffer probe = buffer.clear().limit(Math.min(length, at + step)).position(at);
        try {
          device.read(offset + at, probe);
        } catch (IOException cause) {
          throw new SourceUnreadableException(offset + at, cause);
        }
      }
      throw e;
    }
  }
}
