package io.backstay.nbd;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Answers that come from other threads, for all connections of one export. Whoever puts the first
 * one into the empty queue wakes the event loop; what joins until that comes round is answered with
 * it, and each connection is flushed once.
 */
final class LateAnswers {
  private final EventLoop loop;
  private final ExportMeters meters;

  /** The newest, linked to the older ones. */
  private final AtomicReference<Request> newest = new AtomicReference<>();

  private final List<Transmission> touched = new ArrayList<>();

  LateAnswers(EventLoop loop, ExportMeters meters) {
    this.loop = loop;
    this.meters = meters;
  }

  /** From any thread. */
  void put(Request request) {
    Request older;
    do {
      older = newest.get();
      request.next = older;
    } while (!newest.compareAndSet(older, request));
    if (older != null) return;
    try {
      loop.execute(this::answerAll);
    } catch (RejectedExecutionException serverIsClosed) {
      // The connection is gone with its loop; the process gives the memory back.
      newest.set(null);
    }
  }

  private void answerAll() {
    meters.lookAtClock();
    Request request = inOrder(newest.getAndSet(null));
    while (request != null) {
      Request following = request.next;
      request.next = null;
      if (request.connection.answerLate(request)) touched.add(request.connection);
      request = following;
    }
    for (Transmission connection : touched) connection.settle();
    touched.clear();
  }

  private static Request inOrder(Request newest) {
    Request oldest = null;
    Request rest = newest;
    while (rest != null) {
      Request older = rest.next;
      rest.next = oldest;
      oldest = rest;
      rest = older;
    }
    return oldest;
  }
}
