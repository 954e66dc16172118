package io.backstay.image;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;

/**
 * Writes ranges that come in address order, several at a time, and makes them durable in order.
 *
 * <p>What is durable is always one stretch from the beginning: a range counts as complete when it
 * and all before it are written. A second thread flushes what is complete every so many bytes or
 * milliseconds, records the position (rule K3), and only then tells it on; so whoever hears
 * "durable up to x" may forget everything below x.
 */
public final class RangeWriter {
  /** Ranges that are written at the same time. */
  private static final int IN_FLIGHT = 6;

  private final Time time;
  private final RangeSink sink;
  private final ServerConfig.Transfers limits;
  private final LongConsumer durableListener;
  private final Gate flushNow;
  private final Thread flusher;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Slot> inFlight = new ArrayDeque<>();
  private long accepted;
  private long completed;
  private long durable;
  private boolean finishing;
  private Optional<Exception> failure = Optional.empty();

  private static final class Slot {
    private final long end;
    private boolean written;
    private boolean over;

    private Slot(long end) {
      this.end = end;
    }
  }

  /**
   * @param from the first range begins here; everything below is durable already
   * @param durableListener told each new durable position, by the flushing thread
   */
  public RangeWriter(
      Time time,
      RangeSink sink,
      ServerConfig.Transfers limits,
      long from,
      LongConsumer durableListener) {
    this.time = time;
    this.sink = sink;
    this.limits = limits;
    this.durableListener = durableListener;
    this.accepted = from;
    this.completed = from;
    this.durable = from;
    this.flushNow = time.gate();
    this.flusher = time.fork("flush", this::flushUntilFinished);
  }

  /** Where the next range must begin. */
  public long position() {
    lock.lock();
    try {
      return accepted;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes over the range and writes it in the background; waits while too many are on their way.
   *
   * @throws IOException when this or an earlier range could not be written, or made durable
   */
  public void accept(Range range) throws IOException, InterruptedException {
    switch (range) {
      case Range.Zeroes zeroes -> {
        Slot slot = open(zeroes);
        write(slot, () -> sink.zero(zeroes.offset(), zeroes.lengthBytes()));
      }
      case Range.Kept kept -> {
        Slot slot = open(kept);
        write(slot, () -> sink.keep(kept.offset(), kept.lengthBytes()));
      }
      case Range.Chunk data -> {
        try {
          Slot slot = open(data);
          time.fork("write", () -> write(slot, data));
        } catch (IOException | InterruptedException | RuntimeException e) {
          data.payload().close();
          throw e;
        }
      }
    }
  }

  private Slot open(Range range) throws IOException, InterruptedException {
    lock.lock();
    try {
      if (range.offset() != accepted) {
        throw new IOException(
            "a range at %d came, expected one at %d".formatted(range.offset(), accepted));
      }
      while (inFlight.size() >= IN_FLIGHT && failure.isEmpty()) changed.await();
      throwFailure();
      Slot slot = new Slot(range.end());
      inFlight.add(slot);
      accepted = range.end();
      return slot;
    } finally {
      lock.unlock();
    }
  }

  private interface Writing {
    void run() throws IOException;
  }

  /** The memory is given back before the range is told to be written, so that none outlives it. */
  private void write(Slot slot, Range.Chunk data) {
    write(
        slot,
        () -> {
          try (Payload payload = data.payload()) {
            sink.write(data.chunk(), payload.checksums(), payload.bytes());
          }
        });
  }

  private void write(Slot slot, Writing writing) {
    try {
      writing.run();
      settle(slot, Optional.empty());
    } catch (IOException | RuntimeException e) {
      settle(slot, Optional.of(e));
    } catch (Error e) { // no memory left, for one: whoever waits for this range must hear of it
      settle(slot, Optional.of(new IllegalStateException("a range cannot be written", e)));
      throw e;
    }
  }

  private void settle(Slot slot, Optional<Exception> failed) {
    boolean enough;
    lock.lock();
    try {
      slot.over = true;
      slot.written = failed.isEmpty();
      failure = failure.or(() -> failed);
      while (!inFlight.isEmpty() && inFlight.peek().written) completed = inFlight.poll().end;
      enough = completed - durable >= limits.durableEveryBytes();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (enough) flushNow.open();
  }

  /**
   * Waits until all that was accepted is written and durable.
   *
   * @throws IOException when something could not be written, or made durable
   */
  public void finish() throws IOException, InterruptedException {
    close();
    lock.lock();
    try {
      throwFailure();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the writes that are on their way and makes durable what is complete, so that a cut
   * wastes nothing.
   */
  public void close() throws InterruptedException {
    lock.lock();
    try {
      while (inFlight.stream().anyMatch(slot -> !slot.over)) changed.await();
      finishing = true;
    } finally {
      lock.unlock();
    }
    flushNow.open();
    flusher.join();
  }

  /**
   * A flush that failed is the last one: the next would succeed and say nothing of what this one
   * lost (rule L3). What was not durable before is sent again.
   */
  private void flushUntilFinished() {
    try {
      for (boolean last = false; !last; ) {
        flushNow.await(Duration.ofMillis(limits.durableEveryMillis()));
        long upTo;
        lock.lock();
        try {
          last = finishing;
          upTo = completed;
        } finally {
          lock.unlock();
        }
        if (upTo > durable && !flush(upTo)) return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether it is durable now. */
  private boolean flush(long upTo) {
    try {
      sink.makeDurable(upTo);
      lock.lock();
      try {
        durable = upTo;
      } finally {
        lock.unlock();
      }
      durableListener.accept(upTo);
      return true;
    } catch (IOException | RuntimeException e) {
      lock.lock();
      try {
        failure = failure.or(() -> Optional.of(e));
        changed.signalAll();
        return false;
      } finally {
        lock.unlock();
      }
    }
  }

  private void throwFailure() throws IOException {
    Exception e = failure.orElse(null);
    if (e instanceof UncheckedIOException unchecked) throw unchecked.getCause();
    if (e instanceof IOException io) throw io;
    if (e != null) throw new IllegalStateException("writing an image", e);
  }
}
