package io.backstay.proxy;

import io.backstay.diff.SortedDiffWriter;
import io.backstay.seam.BufferPool;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** What one conversion works in: of one size, whatever the interval holds. */
final class ConversionMemory implements AutoCloseable {
  private static final int GATHERED_BYTES = 1 << 20;

  private final BufferPool.Lease lease;
  private final int compressors;

  /**
   * @param lease of {@link #bytes} or more, taken over
   * @param compressors threads that compress
   */
  ConversionMemory(BufferPool.Lease lease, int compressors) {
    this.lease = lease;
    this.compressors = compressors;
  }

  static int bytes(int compressors) {
    int all = GATHERED_BYTES + (compressors + 1) * SortedDiffWriter.MEMORY_BYTES;
    int alignment = BufferPool.ALIGNMENT_BYTES;
    return (all + alignment - 1) / alignment * alignment;
  }

  /** Where the wdiff's bytes are gathered before they go to the disk. */
  ByteBuffer gathered() {
    return lease.buffer().slice(0, GATHERED_BYTES);
  }

  /** A pack for each compressor, and the one that is filled meanwhile. */
  List<ByteBuffer> packs() {
    List<ByteBuffer> packs = new ArrayList<>();
    for (int i = 0; i <= compressors; i++)
      packs.add(
          lease
              .buffer()
              .slice(
                  GATHERED_BYTES + i * SortedDiffWriter.MEMORY_BYTES,
                  SortedDiffWriter.MEMORY_BYTES));
    return packs;
  }

  @Override
  public void close() {
    lease.close();
  }
}
