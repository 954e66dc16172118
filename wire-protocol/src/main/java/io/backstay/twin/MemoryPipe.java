package io.backstay.twin;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.ChannelClosedException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One direction of a connection: encoded frames on their way, bounded.
 *
 * <p>The two ends wait at gates of their own and never in the queue of a lock: a simulated process
 * that was killed while it waited must not stand before the living one in any queue.
 */
final class MemoryPipe {
  /** A sender waits while more than this is on its way, unless nothing is. */
  static final int BUFFER_BYTES = 4 << 20;

  private record Parcel(ByteBuffer bytes, long arrivesAtNanos) {}

  /** A wait without end. */
  private static final Duration FOREVER = Duration.ofDays(36_500);

  private final Time time;

  /** Where the one sender waits; opened when there is room, or the pipe is closed. */
  private final Gate room;

  /** Where the one receiver waits; opened when something came, or the pipe is closed. */
  private final Gate arrival;

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Parcel> parcels = new ArrayDeque<>();
  private long queuedBytes;
  private Optional<String> closed = Optional.empty();

  MemoryPipe(Time time) {
    this.time = time;
    this.room = time.gate();
    this.arrival = time.gate();
  }

  void send(ByteBuffer bytes, Duration delay) throws ChannelClosedException, InterruptedException {
    while (!offer(bytes, delay)) room.await(FOREVER);
    arrival.open();
  }

  private boolean offer(ByteBuffer bytes, Duration delay) throws ChannelClosedException {
    lock.lock();
    try {
      if (closed.isPresent()) throw new ChannelClosedException(closed.get());
      if (queuedBytes > 0 && queuedBytes + bytes.remaining() > BUFFER_BYTES) return false;
      queuedBytes += bytes.remaining();
      parcels.add(new Parcel(bytes, time.nanos() + delay.toNanos()));
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The next bytes, as soon as they are there; what is there is taken also from a closed pipe. */
  ByteBuffer receive() throws ChannelClosedException, InterruptedException {
    while (true) {
      Duration wait = FOREVER;
      lock.lock();
      try {
        if (!parcels.isEmpty()) {
          long early = parcels.element().arrivesAtNanos() - time.nanos();
          if (early <= 0) return take();
          wait = Duration.ofNanos(early);
        } else if (closed.isPresent()) {
          throw new ChannelClosedException(closed.get());
        }
      } finally {
        lock.unlock();
      }
      arrival.await(wait);
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
    } finally {
      lock.unlock();
    }
    room.open();
    arrival.open();
  }

  private ByteBuffer take() {
    ByteBuffer bytes = parcels.remove().bytes();
    queuedBytes -= bytes.remaining();
    room.open();
    return bytes;
  }
}
