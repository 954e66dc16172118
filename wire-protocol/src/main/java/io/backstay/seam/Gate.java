package io.backstay.seam;

import java.time.Duration;

/**
 * The one timed wait: a flag that {@link #open()} sets and {@link #await} takes. Opening twice is
 * the same as once.
 */
public interface Gate {
  /** Lets one present or future {@link #await} through. */
  void open();

  /**
   * Waits until the gate is opened or the duration has passed, and closes it again. True if it was
   * open.
   */
  boolean await(Duration atMost) throws InterruptedException;
}
