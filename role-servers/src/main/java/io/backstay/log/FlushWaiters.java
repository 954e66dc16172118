package io.backstay.log;

import io.backstay.nbd.Export.Answer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Those who wait until entries are durable. Not thread-safe: {@link Tail} guards it. */
final class FlushWaiters {
  private record Waiter(long number, Answer answer) {}

  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();

  /** Waits until the entries below that number are durable; numbers never fall. */
  void add(long number, Answer answer) {
    waiters.add(new Waiter(number, answer));
  }

  boolean isEmpty() {
    return waiters.isEmpty();
  }

  /** Takes out those who wait for no more than that. */
  List<Answer> upTo(long number) {
    List<Answer> answers = new ArrayList<>();
    while (!waiters.isEmpty() && waiters.peek().number() <= number)
      answers.add(waiters.poll().answer());
    return answers;
  }
}
