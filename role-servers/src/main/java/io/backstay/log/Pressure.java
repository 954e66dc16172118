package io.backstay.log;

import io.backstay.seam.Time;
import java.time.Duration;

/**
 * Whether clients write faster than the log's device takes it. In a burst the tail has much to
 * write most of the time, but not always: what was so a moment ago still counts.
 */
final class Pressure {
  private static final Duration MOMENT = Duration.ofMillis(50);

  private final Time time;
  private volatile long lastNanos;

  Pressure(Time time) {
    this.time = time;
    this.lastNanos = time.nanos() - MOMENT.toNanos();
  }

  void felt() {
    lastNanos = time.nanos();
  }

  boolean isOn() {
    return time.nanos() - lastNanos < MOMENT.toNanos();
  }
}
