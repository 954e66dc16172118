package io.backstay.image;

import io.backstay.seam.BlockDevice;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes ranges to a device. What is made of durability is the caller's: see {@link
 * RangeSink#makeDurable}.
 */
public final class DeviceSink {
  /** What the device holds where nothing was written yet. */
  public enum Before {
    /** Zeroes, because its owner made it so: zero ranges need no write. */
    ZEROES,
    /** Anything: zero ranges are written. */
    ANYTHING
  }

  private final BlockDevice device;
  private final Before before;

  public DeviceSink(BlockDevice device, Before before) {
    this.device = device;
    this.before = before;
  }

  /** Writes the data blocks of a chunk, neighbours at once, and zeroes between them. */
  public void write(Message.ImageChunk chunk, ByteBuffer data) throws IOException {
    int blocks = Payload.blocks(chunk.lengthBytes());
    int at = data.position();
    for (int i = 0; i < blocks; ) {
      boolean full = isData(chunk, i);
      int end = i + 1;
      while (end < blocks && isData(chunk, end) == full) end++;
      int from = i * Payload.BLOCK_BYTES;
      int length = Math.min(end * Payload.BLOCK_BYTES, chunk.lengthBytes()) - from;
      if (full) {
        device.write(chunk.offset() + from, data.slice(at, length));
        at += length;
      } else {
        zero(chunk.offset() + from, length);
      }
      i = end;
    }
  }

  public void zero(long offset, long lengthBytes) throws IOException {
    if (before == Before.ANYTHING) device.zero(offset, lengthBytes);
  }

  private static boolean isData(Message.ImageChunk chunk, int block) {
    return (chunk.dataBlocks() >>> block & 1) == 1;
  }
}
