package io.backstay.server;

import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** Connections for requests that nobody uses at the moment, a few per server. */
final class LinePool implements AutoCloseable {
  private static final int IDLE_MAX = 4;

  private final Time time;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, ArrayDeque<RequestLine>> idle = new HashMap<>();
  private boolean closed;

  LinePool(Time time) {
    this.time = time;
  }

  /** Makes a connection whose Hello is said. */
  interface Opener {
    Channel open() throws RefusedException, UnreachableException, InterruptedException;
  }

  /**
   * Asks over an idle line to that place, or a new one.
   *
   * @param place for the message, and what tells one server's lines from another's: "a0 at
   *     127.0.0.1:20111"
   * @throws UnreachableException when no connection was had, or it was lost before the reply
   */
  Reply ask(String place, Opener opener, Command command, Duration limit)
      throws RefusedException, UnreachableException, InterruptedException {
    RequestLine line = takeIdle(place).orElse(null);
    if (line == null) line = new RequestLine(opener.open(), time);
    try {
      Reply reply = line.ask(command, limit);
      putBack(place, line);
      return reply;
    } catch (IOException e) {
      throw new UnreachableException(
          "%s was lost before its reply to %s: %s"
              .formatted(place, command.getClass().getSimpleName(), e.getMessage()),
          e);
    }
  }

  private Optional<RequestLine> takeIdle(String place) {
    lock.lock();
    try {
      ArrayDeque<RequestLine> lines = idle.getOrDefault(place, new ArrayDeque<>());
      while (!lines.isEmpty()) {
        RequestLine newest = lines.pop();
        if (newest.alive()) return Optional.of(newest);
      }
      idle.remove(place);
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private void putBack(String place, RequestLine line) {
    lock.lock();
    try {
      ArrayDeque<RequestLine> lines = idle.computeIfAbsent(place, none -> new ArrayDeque<>());
      if (!closed && lines.size() < IDLE_MAX) {
        lines.push(line);
        return;
      }
    } finally {
      lock.unlock();
    }
    line.close();
  }

  @Override
  public void close() {
    ArrayDeque<RequestLine> left = new ArrayDeque<>();
    lock.lock();
    try {
      closed = true;
      idle.values().forEach(left::addAll);
      idle.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(RequestLine::close);
  }
}
