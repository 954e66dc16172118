package io.backstay.group;

import java.time.Duration;

/** How long a process that ended is left alone before it is started again. */
final class Backoff {
  static final Duration FIRST = Duration.ofSeconds(1);
  static final Duration LONGEST = Duration.ofSeconds(30);

  /** A process that lived so long was well: its end counts as the first one. */
  static final Duration WELL = Duration.ofSeconds(5);

  private int endsInARow;

  /** Says that a process ended that lived so long, and answers when to start the next one. */
  Duration ended(Duration lived) {
    endsInARow = lived.compareTo(WELL) >= 0 ? 1 : Math.min(endsInARow + 1, 30);
    Duration delay = FIRST.multipliedBy(1L << (endsInARow - 1));
    return delay.compareTo(LONGEST) > 0 ? LONGEST : delay;
  }
}
