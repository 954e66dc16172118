package io.backstay.worker;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One line of {@code run list}.
 *
 * @param workflowType "FullBackup"
 * @param volume empty when the run's id and search attributes do not tell it
 * @param ended present when it is over
 */
public record RunRow(
    RunKey run,
    String workflowType,
    State state,
    Optional<String> volume,
    Instant started,
    Optional<Instant> ended,
    Set<Flag> flags) {

  /** As Temporal knows it. */
  public enum State {
    RUNNING,
    COMPLETED,
    FAILED,
    CANCELLED,
    TERMINATED,
    TIMED_OUT
  }

  /** What keeps an open run from going on (rule F3). */
  public enum Flag {
    /** Its workflow tasks fail again and again: a bug, or a worker of another release. */
    TASKS_FAIL,
    /** No worker polls its task queue. */
    NOBODY_POLLS
  }

  public RunRow {
    Objects.requireNonNull(run, "run");
    Objects.requireNonNull(workflowType, "workflowType");
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(started, "started");
    flags = Set.copyOf(flags);
  }
}
