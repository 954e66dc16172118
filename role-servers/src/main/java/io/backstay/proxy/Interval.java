package io.backstay.proxy;

import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.BufferPool;

/**
 * The log between two cuts, received as a whole.
 *
 * @param salt of its checksums
 * @param lease its packs, one behind the other; owned by whoever holds the interval
 */
record Interval(Session session, int salt, Cut begin, Cut end, BufferPool.Lease lease)
    implements AutoCloseable {
  static final int BLOCK_BYTES = 4096;

  static long bytes(Cut begin, Cut end) {
    return (end.lsid() - begin.lsid()) * BLOCK_BYTES;
  }

  @Override
  public void close() {
    lease.close();
  }
}
