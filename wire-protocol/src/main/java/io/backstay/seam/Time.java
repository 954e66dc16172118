package io.backstay.seam;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * Clock, sleep, timed waits, randomness and the start of threads. Main code has no other source of
 * any of these, so that a simulator can own them all. Untimed waits (locks, conditions, queues of
 * java.util.concurrent, join) need no seam.
 */
public interface Time {
  /** Wall clock, UTC. May jump. */
  Instant now();

  /** Monotonic nanoseconds, for measuring how long something took. */
  long nanos();

  void sleep(Duration duration) throws InterruptedException;

  /** A new gate, closed. */
  Gate gate();

  /**
   * Starts a virtual thread. An exception that escapes the body is logged by whoever made this
   * Time, and ends only that thread.
   */
  Thread fork(String name, Runnable body);

  /**
   * As {@link #fork}, for a thread that spends its life in blocking calls to the system and is to
   * be woken as fast as can be: it gets a thread of the system. For few of them.
   */
  default Thread forkPlatform(String name, Runnable body) {
    return fork(name, body);
  }

  /** Not for secrets. */
  RandomGenerator random();

  /** The time of this machine, with virtual threads of the JDK. */
  static Time system() {
    return SystemTime.INSTANCE;
  }
}
