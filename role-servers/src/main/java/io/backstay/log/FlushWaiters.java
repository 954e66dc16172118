package io.backstay.log;

import io.backstay.nbd.Export.Answer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Those who wait until entries are durable. Not thread-safe: {@link Tail} guards it. */
final class FlushWaiters {
  private record Waiter(long number, long came, Answer answer) {}

  private final PriorityQueue<Waiter> waiters =
      new PriorityQueue<>(Comparator.comparingLong(Waiter::number).thenComparingLong(Waiter::came));
  private long came;

  /** Waits until the entries below that number are durable. */
  void add(long number, Answer answer) {
    waiters.add(new Waiter(number, came++, answer));
  }

  boolean isEmpty() {
    return waiters.isEmpty();
  }

  /** Takes out those who wait for no more than that: by their numbers, then as they came. */
  List<Answer> upTo(long number) {
    List<Answer> answers = new ArrayList<>();
    while (!waiters.isEmpty() && waiters.peek().number() <= number)
      answers.add(waiters.poll().answer());
    return answers;
  }
}
