package io.backstay.history;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * Several streams of extents as one: each is sorted by address without overlaps, so is the result,
 * and of what several streams hold the newest has it. Memory: one extent of each stream.
 *
 * <p>A stream <em>waits</em> while its next extent lies ahead, and is <em>open</em> once the sweep
 * has reached it. The newest open one is taken up to its end, or to where a waiting one begins. An
 * extent of an older stream that ends meanwhile was hidden all the time, so it need not be looked
 * at before it comes to the top.
 */
final class ExtentMerge implements ExtentStream {
  private static final class Head {
    final int age;
    final ExtentStream stream;
    Extent extent;

    Head(int age, ExtentStream stream) {
      this.age = age;
      this.stream = stream;
    }

    boolean advance() throws IOException {
      Optional<Extent> next = stream.next();
      if (next.isEmpty()) return false;
      if (extent != null && next.get().at() < extent.end())
        throw new IOException("%s behind %s: a diff is not sorted".formatted(next.get(), extent));
      extent = next.get();
      return true;
    }
  }

  private final PriorityQueue<Head> waiting =
      new PriorityQueue<>(Comparator.comparingLong(head -> head.extent.at()));
  private final PriorityQueue<Head> open =
      new PriorityQueue<>(Comparator.comparingInt((Head head) -> head.age).reversed());
  private long at;
  private Optional<Extent> pending;

  /**
   * @param oldestFirst the streams in the order of their age
   */
  ExtentMerge(List<? extends ExtentStream> oldestFirst) throws IOException {
    for (int i = 0; i < oldestFirst.size(); i++) {
      Head head = new Head(i, oldestFirst.get(i));
      if (head.advance()) waiting.add(head);
    }
    pending = piece();
  }

  @Override
  public Optional<Extent> next() throws IOException {
    while (pending.isPresent()) {
      Optional<Extent> following = piece();
      Optional<Extent> joined = following.flatMap(more -> pending.get().with(more));
      if (joined.isPresent()) {
        pending = joined;
        continue;
      }
      Optional<Extent> done = pending;
      pending = following;
      return done;
    }
    return Optional.empty();
  }

  /** The next piece, perhaps of the same extent as the one before. */
  private Optional<Extent> piece() throws IOException {
    while (true) {
      if (open.isEmpty()) {
        if (waiting.isEmpty()) return Optional.empty();
        at = Math.max(at, waiting.peek().extent.at());
      }
      while (!waiting.isEmpty() && waiting.peek().extent.at() <= at) open.add(waiting.poll());
      Head newest = open.peek();
      if (newest.extent.end() <= at) {
        open.poll();
        if (newest.advance()) waiting.add(newest);
        continue;
      }
      long stop = newest.extent.end();
      if (!waiting.isEmpty()) stop = Math.min(stop, waiting.peek().extent.at());
      Extent piece = newest.extent.within(at, stop);
      at = stop;
      return Optional.of(piece);
    }
  }
}
