package io.backstay.proxy;

import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.BufferPool;
import java.nio.ByteBuffer;

/** The log between two cuts, received as a whole; owned by whoever holds it. One thread. */
final class Interval implements AutoCloseable {
  static final int BLOCK_BYTES = 4096;

  private final Session session;
  private final int salt;
  private final Cut begin;
  private final Cut end;
  private final BufferPool.Lease lease;
  private boolean closed;

  /**
   * @param salt of its checksums
   * @param lease its packs, one behind the other; taken over
   */
  Interval(Session session, int salt, Cut begin, Cut end, BufferPool.Lease lease) {
    this.session = session;
    this.salt = salt;
    this.begin = begin;
    this.end = end;
    this.lease = lease;
  }

  static long bytes(Cut begin, Cut end) {
    return (end.lsid() - begin.lsid()) * BLOCK_BYTES;
  }

  Session session() {
    return session;
  }

  int salt() {
    return salt;
  }

  Cut begin() {
    return begin;
  }

  Cut end() {
    return end;
  }

  ByteBuffer log() {
    return lease.buffer();
  }

  /** Gives the log's memory back; the rest stays. */
  @Override
  public void close() {
    if (!closed) lease.close();
    closed = true;
  }
}
