package io.backstay.seam;

import java.time.Duration;

/** How long to wait before the next attempt. */
public final class Delays {
  private Delays() {}

  /** Twice as long as the time before, at most {@code max}. */
  public static Duration longer(Duration delay, Duration max) {
    Duration twice = delay.multipliedBy(2);
    return twice.compareTo(max) > 0 ? max : twice;
  }
}
