package io.backstay.twin;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.ChannelClosedException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** One direction of a connection: encoded frames on their way, bounded. */
final class MemoryPipe {
  /** A sender waits while more than this is on its way, unless nothing is. */
  static final int BUFFER_BYTES = 4 << 20;

  private record Parcel(ByteBuffer bytes, long arrivesAtNanos) {}

  private final Time time;
  private final Gate changed;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition room = lock.newCondition();
  private final Condition arrival = lock.newCondition();
  private final Deque<Parcel> parcels = new ArrayDeque<>();
  private long queuedBytes;
  private Optional<String> closed = Optional.empty();

  MemoryPipe(Time time) {
    this.time = time;
    this.changed = time.gate();
  }

  void send(ByteBuffer bytes, Duration delay) throws ChannelClosedException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (closed.isEmpty() && queuedBytes > 0 && queuedBytes + bytes.remaining() > BUFFER_BYTES)
        room.await();
      if (closed.isPresent()) throw new ChannelClosedException(closed.get());
      queuedBytes += bytes.remaining();
      parcels.add(new Parcel(bytes, time.nanos() + delay.toNanos()));
      arrival.signal();
    } finally {
      lock.unlock();
    }
  }

  /** The next bytes, as soon as they are there; what is there is taken also from a closed pipe. */
  ByteBuffer receive() throws ChannelClosedException, InterruptedException {
    while (true) {
      long early;
      lock.lockInterruptibly();
      try {
        while (closed.isEmpty() && parcels.isEmpty()) arrival.await();
        if (parcels.isEmpty()) throw new ChannelClosedException(closed.get());
        early = parcels.element().arrivesAtNanos() - time.nanos();
        if (early <= 0) return take();
      } finally {
        lock.unlock();
      }
      changed.await(Duration.ofNanos(early));
    }
  }

  /** The sender closed: what it sent before still arrives. */
  void finish(String reason) {
    close(reason, Integer.MAX_VALUE);
  }

  /** The connection is gone, and with it all but the first {@code keep} parcels on their way. */
  void cut(String reason, int keep) {
    close(reason, keep);
  }

  int parcelsOnTheirWay() {
    lock.lock();
    try {
      return parcels.size();
    } finally {
      lock.unlock();
    }
  }

  private void close(String reason, int keep) {
    lock.lock();
    try {
      if (closed.isEmpty()) closed = Optional.of(reason);
      while (parcels.size() > keep) queuedBytes -= parcels.removeLast().bytes().remaining();
      room.signalAll();
      arrival.signalAll();
    } finally {
      lock.unlock();
    }
    changed.open();
  }

  private ByteBuffer take() {
    ByteBuffer bytes = parcels.remove().bytes();
    queuedBytes -= bytes.remaining();
    room.signalAll();
    return bytes;
  }
}
