package io.backstay.image;

import io.backstay.seam.Time;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Keeps a flow at or below a rate: each byte has its moment, and who comes early waits. One thread
 * at a time.
 */
public final class Pace {
  /** Time that a flow may run ahead after a pause, so that short stalls do not lower the rate. */
  private static final long CREDIT_NANOS = 100_000_000;

  private static final long LOOK_NANOS = 500_000_000;

  private final Time time;
  private final LongSupplier bytesPerSecondMax;
  private long next;

  /**
   * @param bytesPerSecondMax 0 for no limit
   */
  public Pace(Time time, long bytesPerSecondMax) {
    this(time, () -> bytesPerSecondMax);
  }

  /**
   * @param bytesPerSecondMax asked again and again, so that another limit holds at once; 0 for none
   */
  public Pace(Time time, LongSupplier bytesPerSecondMax) {
    this.time = time;
    this.bytesPerSecondMax = bytesPerSecondMax;
    this.next = time.nanos();
  }

  /** Waits until these bytes may go. */
  public void await(long bytes) throws InterruptedException {
    await(bytes, () -> false);
  }

  /**
   * As {@link #await(long)}, unless it is over: a large piece at a low rate takes minutes, and
   * whoever ends the flow does not wait for that.
   */
  public void await(long bytes, BooleanSupplier over) throws InterruptedException {
    long rate = bytesPerSecondMax.getAsLong();
    if (rate == 0) return;
    next = Math.max(next, time.nanos() - CREDIT_NANOS) + (long) (bytes * 1e9 / rate);
    for (long early; (early = next - time.nanos()) > 0 && !over.getAsBoolean(); ) {
      if (bytesPerSecondMax.getAsLong() != rate) {
        next = time.nanos();
        return;
      }
      time.sleep(Duration.ofNanos(Math.min(early, LOOK_NANOS)));
    }
  }
}
