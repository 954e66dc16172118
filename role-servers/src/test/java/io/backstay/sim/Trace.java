package io.backstay.sim;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What happened, as one number and as its last lines. Two runs with the same number did the same
 * things in the same order.
 */
public final class Trace {
  private static final int LINES_KEPT = 300;
  private static final long PRIME = 0x100000001b3L;

  private record Line(long nanos, String who, String what) {
    @Override
    public String toString() {
      return "%14.6f %-8s %s".formatted(nanos / 1e9, who, what);
    }
  }

  private final ArrayDeque<Line> last = new ArrayDeque<>();
  private final Optional<Consumer<String>> listener;
  private long hash = 0xcbf29ce484222325L;

  /**
   * @param listener gets every line at once; for people who replay a seed
   */
  public Trace(Optional<Consumer<String>> listener) {
    this.listener = listener;
  }

  void number(long value) {
    hash = (Long.rotateLeft(hash, 5) ^ value) * PRIME;
  }

  public void line(long nanos, String who, String what) {
    number(nanos);
    number(who.hashCode());
    number(what.hashCode());
    note(nanos, who, what);
  }

  /** A line that is no part of the number: for what may differ without meaning anything. */
  void note(long nanos, String who, String what) {
    Line line = new Line(nanos, who, what);
    last.add(line);
    if (last.size() > LINES_KEPT) last.remove();
    listener.ifPresent(told -> told.accept(line.toString()));
  }

  public long hash() {
    return hash;
  }

  public List<String> lastLines() {
    return last.stream().map(Line::toString).toList();
  }
}
