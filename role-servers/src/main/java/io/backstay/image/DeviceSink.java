package io.backstay.image;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
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
        put(chunk.offset() + from, data.slice(at, length));
        at += length;
      } else {
        zero(chunk.offset() + from, length);
      }
      i = end;
    }
  }

  public void zero(long offset, long lengthBytes) throws IOException {
    if (before == Before.ZEROES) return;
    long tail = tail(offset, lengthBytes);
    if (lengthBytes > tail) device.zero(offset, lengthBytes - tail);
    if (tail > 0) overlay(offset + lengthBytes - tail, ByteBuffer.allocate((int) tail));
  }

  private void put(long offset, ByteBuffer bytes) throws IOException {
    int length = bytes.remaining();
    int tail = (int) tail(offset, length);
    if (length > tail) device.write(offset, bytes.slice(0, length - tail));
    if (tail > 0) overlay(offset + length - tail, bytes.slice(length - tail, tail));
  }

  /**
   * Bytes at the end of a range that share a block of the device with what lies behind the image.
   */
  private long tail(long offset, long lengthBytes) {
    return offset + lengthBytes == device.sizeBytes() ? 0 : lengthBytes % device.alignmentBytes();
  }

  /**
   * Puts the end of an image onto a device that is larger; only the image's last range comes here.
   */
  private void overlay(long offset, ByteBuffer bytes) throws IOException {
    int length = (int) Math.min(device.alignmentBytes(), device.sizeBytes() - offset);
    ByteBuffer block = BufferPool.aligned(length);
    device.read(offset, block);
    device.write(offset, block.clear().put(0, bytes, bytes.position(), bytes.remaining()));
  }

  private static boolean isData(Message.ImageChunk chunk, int block) {
    return (chunk.dataBlocks() >>> block & 1) == 1;
  }
}
