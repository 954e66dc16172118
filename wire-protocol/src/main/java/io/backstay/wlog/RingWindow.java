package io.backstay.wlog;

import io.backstay.seam.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Blocks of the ring by lsid, read a window at a time: those who walk a log ask for a header, then
 * for a little data, then for the next header. The buffer is direct and aligned to 4096 bytes.
 */
final class RingWindow {
  /** Read at once while the requests are smaller. A walb record may ask for up to 32 MiB. */
  private static final int WINDOW_BYTES = 1024 * 1024;

  private final LogLayout layout;
  private final RedoScan.Ring ring;
  private ByteBuffer window = BufferPool.aligned(WINDOW_BYTES);
  private long fromLsid;
  private int blocks;

  RingWindow(LogLayout layout, RedoScan.Ring ring) {
    this.layout = layout;
    this.ring = ring;
  }

  /** Blocks that do not run past the ring's end. Valid until the next call. */
  ByteBuffer read(long lsid, int count) throws IOException {
    if (lsid < fromLsid || lsid + count > fromLsid + blocks) load(lsid, count);
    int blockBytes = layout.blockBytes();
    return window.slice((int) (lsid - fromLsid) * blockBytes, count * blockBytes);
  }

  /** The ring may have changed. */
  void forget() {
    blocks = 0;
  }

  private void load(long lsid, int count) throws IOException {
    int blockBytes = layout.blockBytes();
    if ((long) count * blockBytes > window.capacity())
      window = BufferPool.aligned(count * blockBytes);
    forget(); // nothing is valid if the read fails
    int wanted = (int) Math.min(window.capacity() / blockBytes, layout.blocksToRingEnd(lsid));
    ring.read(layout.physicalBytes(lsid), window.clear().limit(wanted * blockBytes));
    fromLsid = lsid;
    blocks = wanted;
    window.clear();
  }
}
