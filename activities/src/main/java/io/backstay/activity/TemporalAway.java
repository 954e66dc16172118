package io.backstay.activity;

import io.temporal.client.ActivityCanceledException;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TimeoutFailure;

/**
 * Tells apart what the SDK says in one way: that a run was cancelled, and that Temporal took no
 * heartbeat for a while. Answered as a cancellation the latter would be refused by Temporal, and
 * the next attempt would wait for a time-out.
 */
final class TemporalAway {
  private TemporalAway() {}

  /**
   * What the attempt ends with.
   *
   * @param goesOn what does, and how it is met again
   */
  static RuntimeException or(ActivityCanceledException cancelled, String goesOn) {
    return cancelled.getCause() instanceof TimeoutFailure
        ? ApplicationFailure.newFailureWithCause(
            "Temporal took no heartbeat; " + goesOn, "temporal-away", cancelled)
        : cancelled;
  }
}
