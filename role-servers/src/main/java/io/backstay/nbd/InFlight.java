package io.backstay.nbd;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Bytes of all connections of a server that wait for their answers, or for the rest of a write. */
final class InFlight {
  private final long bytesMax;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicReference<Transmission> overdrawn = new AtomicReference<>();
  private final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>();

  InFlight(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  void add(long more) {
    bytes.addAndGet(more);
  }

  void subtract(long fewer) {
    long left = bytes.addAndGet(-fewer);
    if (left < bytesMax && left + fewer >= bytesMax) wakeAll();
  }

  boolean full() {
    return bytes.get() >= bytesMax;
  }

  /**
   * Whether a connection in the middle of a write may receive more of it. At the limit one
   * connection may, or many halves of writes could wait for each other for ever.
   */
  boolean mayFinish(Transmission connection) {
    return !full() || overdrawn.get() == connection || overdrawn.compareAndSet(null, connection);
  }

  /** The write that was in the middle is complete, or will never be. */
  void finished(Transmission connection) {
    if (overdrawn.get() == connection && overdrawn.compareAndSet(connection, null)) wakeAll();
  }

  boolean waitedFor() {
    return !waiting.isEmpty();
  }

  long bytes() {
    return bytes.get();
  }

  /** Once there may be room, possibly at once and on this thread. */
  void whenNotFull(Runnable wake) {
    waiting.add(wake);
    if (!full()) wakeAll();
  }

  /** The same for a connection in the middle of a write. */
  void whenMayFinish(Runnable wake) {
    waiting.add(wake);
    if (!full() || overdrawn.get() == null) wakeAll();
  }

  private void wakeAll() {
    for (Runnable wake = waiting.poll(); wake != null; wake = waiting.poll()) wake.run();
  }
}
