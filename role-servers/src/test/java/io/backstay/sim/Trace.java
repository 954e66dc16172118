package io.backstay.sim;

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/**
 * What happened, as one number and as its last lines. Two runs with the same number did the same
 * things in the same order.
 */
final class Trace {
  private static final int LINES_KEPT = 200;
  private static final long PRIME = 0x100000001b3L;

  private final ArrayDeque<String> last = new ArrayDeque<>();
  private final Consumer<String> listener;
  private long hash = 0xcbf29ce484222325L;
  private long events;

  /**
   * @param listener gets every line at once; for people who replay a seed
   */
  Trace(Consumer<String> listener) {
    this.listener = listener;
  }

  void number(long value) {
    hash = (Long.rotateLeft(hash, 5) ^ value) * PRIME;
    events++;
  }

  void line(long nanos, String who, String what) {
    number(nanos);
    number(who.hashCode());
    number(what.hashCode());
    String line = "%12.6f %-12s %s".formatted(nanos / 1e9, who, what);
    last.add(line);
    if (last.size() > LINES_KEPT) last.remove();
    listener.accept(line);
  }

  long hash() {
    return hash;
  }

  long events() {
    return events;
  }

  List<String> lastLines() {
    return List.copyOf(last);
  }
}
