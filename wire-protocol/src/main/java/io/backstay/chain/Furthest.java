package io.backstay.chain;

import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Predicate;

/**
 * Answers which of many diffs leads furthest from where one stands, while one only goes forward: a
 * chain of n diffs takes n log n steps.
 */
final class Furthest {
  /** Furthest end first; of equal ends the shortest, then the cleanest. */
  private static final Comparator<Diff> PROGRESS =
      Comparator.<Diff>comparingLong(diff -> diff.to().begin())
          .reversed()
          .thenComparing(Comparator.<Diff>comparingLong(diff -> diff.from().begin()).reversed())
          .thenComparingLong(diff -> diff.to().end())
          .thenComparingLong(diff -> diff.from().end());

  private final Iterator<Diff> byBegin;
  private final PriorityQueue<Diff> begun = new PriorityQueue<>(PROGRESS);
  private Diff next;

  private Furthest(List<Diff> byBegin) {
    this.byBegin = byBegin.iterator();
    advance();
  }

  static Furthest of(Collection<Diff> diffs) {
    return new Furthest(
        diffs.stream().sorted(Comparator.comparingLong(diff -> diff.from().begin())).toList());
  }

  /**
   * The diff that leads furthest among those that begin at {@code reached} or before.
   *
   * @param reached never less than before
   * @param fits what does not fit now never fits later
   */
  Optional<Diff> from(long reached, Predicate<Diff> fits) {
    while (next != null && next.from().begin() <= reached) {
      begun.add(next);
      advance();
    }
    while (!begun.isEmpty() && !fits.test(begun.peek())) begun.poll();
    return Optional.ofNullable(begun.peek());
  }

  private void advance() {
    next = byBegin.hasNext() ? byBegin.next() : null;
  }
}
