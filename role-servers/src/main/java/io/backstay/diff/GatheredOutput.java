package io.backstay.diff;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes a device from its first byte on in whole buffers, for direct IO: what comes in pieces of
 * any size is gathered, and what lies as direct IO wants it is written as it lies. The device grows
 * with it. Not for several threads.
 */
final class GatheredOutput implements DiffOutput {
  private static final int ALIGNMENT = BufferPool.ALIGNMENT_BYTES;

  private final BlockDevice device;
  private final ByteBuffer gathered;
  private long written;

  /**
   * @param memory of the caller's until {@link #finish}: aligned, of a multiple of 4096 bytes
   */
  GatheredOutput(BlockDevice device, ByteBuffer memory) {
    if (!BufferPool.isAligned(memory.slice(0, 0)) || memory.capacity() % ALIGNMENT != 0)
      throw new IllegalArgumentException("no memory for direct IO: " + memory);
    this.device = device;
    this.gathered = memory.duplicate().clear();
  }

  /** All bytes that came. */
  long sizeBytes() {
    return written + gathered.position();
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    ByteBuffer from = bytes.duplicate();
    while (from.hasRemaining()) {
      boolean asTheyLie =
          gathered.position() == 0 && from.remaining() >= ALIGNMENT && BufferPool.isAligned(from);
      if (asTheyLie) {
        ByteBuffer blocks = from.slice(from.position(), from.remaining() & -ALIGNMENT);
        from.position(from.position() + blocks.remaining());
        append(blocks);
      } else {
        gather(from);
      }
    }
    bytes.position(bytes.limit());
  }

  private void gather(ByteBuffer from) throws IOException {
    int now = Math.min(gathered.remaining(), from.remaining());
    gathered.put(from.slice(from.position(), now));
    from.position(from.position() + now);
    if (!gathered.hasRemaining()) {
      append(gathered.flip());
      gathered.clear();
    }
  }

  private void append(ByteBuffer blocks) throws IOException {
    long end = written + blocks.remaining();
    if (device.sizeBytes() < end) device.extend(end);
    device.write(written, blocks);
    written = end;
  }

  /** Writes what is left; nothing may come behind it. To flush is the caller's. */
  void finish() throws IOException {
    if (gathered.position() == 0) return;
    append(gathered.flip());
    gathered.clear();
  }
}
