package io.backstay.worker;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.workflow.RunStatus;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What {@code run show} says.
 *
 * @param originalRunId id of the first run of the chain; the operation ids at the servers begin
 *     with it (rule K3)
 * @param input the input, its grant left out
 * @param status where it stands; empty when no worker answers, or the run is over
 * @param waiting for each activity that failed and will be tried again: "waiting for a0 since
 *     02:13:07Z: connection refused (attempt 12)" (rule K4)
 * @param outcome present when it is over
 */
public record RunDescription(
    RunRow row,
    String originalRunId,
    JsonNode input,
    Optional<RunStatus> status,
    List<Waiting> waiting,
    Optional<Outcome> outcome) {

  /**
   * @param activity name of the activity
   * @param attempt the number of the coming attempt, from 2
   * @param since when it began to fail, or was first tried
   */
  public record Waiting(String activity, int attempt, Instant since, String cause) {
    @Override
    public String toString() {
      return "%s since %s: %s (attempt %d)".formatted(activity, since, cause, attempt);
    }
  }

  public RunDescription {
    Objects.requireNonNull(row, "row");
    Objects.requireNonNull(originalRunId, "originalRunId");
    Objects.requireNonNull(input, "input");
    waiting = List.copyOf(waiting);
  }
}
