package io.backstay.image;

import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Message;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Reads an image a few ranges ahead and gives the ranges in address order, without gaps, from a
 * start to the end of the image. Memory: at most {@link #AHEAD} + 2 buffers of the pool.
 */
final class Prefetch implements AutoCloseable {
  /** Ranges that are read at the same time: enough to keep a disk's queue filled. */
  static final int AHEAD = 6;

  private final Time time;
  private final BufferPool pool;
  private final RangeSource source;
  private final ArrayBlockingQueue<FutureTask<Optional<Range>>> slots =
      new ArrayBlockingQueue<>(AHEAD);
  private volatile boolean closed;
  private boolean ended;

  Prefetch(Time time, BufferPool pool, RangeSource source, long from) {
    this.time = time;
    this.pool = pool;
    this.source = source;
    time.fork("prefetch", () -> pump(from));
  }

  /** The next range, which belongs to the caller; empty behind the last. */
  Optional<Range> next() throws IOException, InterruptedException {
    if (ended) return Optional.empty();
    try {
      Optional<Range> range = slots.take().get();
      ended = range.isEmpty();
      return range;
    } catch (ExecutionException e) {
      ended = true;
      if (e.getCause() instanceof IOException io) throw io;
      throw new IllegalStateException("reading an image: " + e.getCause(), e.getCause());
    }
  }

  private void pump(long from) {
    try {
      try {
        for (long at = from; at < source.sizeBytes() && !closed; ) at = step(at);
        put(finished(Optional::empty));
      } catch (IOException | RuntimeException | Error e) {
        // Also a bug of ours, or memory that there is not: who waits for the next range must hear.
        put(failed(e));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Begins to read at {@code at}, or skips what is known to be zero; answers where to go on. */
  private long step(long at) throws IOException, InterruptedException {
    long data = source.nextData(at);
    if (data > at) {
      put(finished(() -> Optional.of(new Range.Zeroes(at, data - at))));
      return data;
    }
    BufferPool.Lease lease = pool.take();
    FutureTask<Optional<Range>> slot = new FutureTask<>(() -> Optional.of(source.read(at, lease)));
    time.fork("read", slot);
    put(slot);
    return at + Message.ImageChunk.RANGE_BYTES;
  }

  private static FutureTask<Optional<Range>> finished(Callable<Optional<Range>> answer) {
    FutureTask<Optional<Range>> slot = new FutureTask<>(answer);
    slot.run();
    return slot;
  }

  private static FutureTask<Optional<Range>> failed(Throwable why) {
    return finished(() -> {
      if (why instanceof Error error) throw error;
      throw (Exception) why;
    });
  }

  private void put(FutureTask<Optional<Range>> slot) throws InterruptedException {
    slots.put(slot);
    if (closed) drain();
  }

  /** Gives back what was read ahead. */
  @Override
  public void close() {
    closed = true;
    drain();
  }

  private void drain() {
    for (FutureTask<Optional<Range>> slot; (slot = slots.poll()) != null; ) {
      try {
        if (slot.get().orElse(null) instanceof Range.Chunk data) data.payload().close();
      } catch (ExecutionException e) {
        // The reader gave its buffer back already, and nobody waits for this range any more.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
