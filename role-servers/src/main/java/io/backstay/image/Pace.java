package io.backstay.image;

import io.backstay.seam.Time;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * Keeps a flow at or below a rate: each byte has its moment, and who comes early waits. One thread
 * at a time.
 */
public final class Pace {
  /** Time that a flow may run ahead after a pause, so that short stalls do not lower the rate. */
  private static final long CREDIT_NANOS = 100_000_000;

  private static final long LOOK_NANOS = 500_000_000;

  private final Time time;
  private final long bytesPerSecondMax;
  private long next;

  /**
   * @param bytesPerSecondMax 0 for no limit
   */
  public Pace(Time time, long bytesPerSecondMax) {
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
    if (bytesPerSecondMax == 0) return;
    next = Math.max(next, time.nanos() - CREDIT_NANOS) + (long) (bytes * 1e9 / bytesPerSecondMax);
    for (long early; (early = next - time.nanos()) > 0 && !over.getAsBoolean(); )
      time.sleep(Duration.ofNanos(Math.min(early, LOOK_NANOS)));
  }
}
