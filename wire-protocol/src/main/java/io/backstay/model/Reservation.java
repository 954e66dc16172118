package io.backstay.model;

import java.time.Instant;
import java.util.Objects;

/**
 * Who may change a volume now (rule K2).
 *
 * @param workflowId workflow id of the holder, whatever it is
 * @param originalRunId id of the run that the holder's run stems from by resets; our workflows
 *     never continue as new, which would not keep it
 * @param inputHash SHA-256 in hex of the canonical input of the run, so that an equal second start
 *     can attach
 * @param epoch grows with each reservation of the volume; the first is 1
 */
public record Reservation(
    String volume,
    OperationKind operation,
    String workflowId,
    String originalRunId,
    String inputHash,
    long epoch,
    Instant since) {
  public Reservation {
    Names.require("volume", volume);
    Objects.requireNonNull(operation, "operation");
    Objects.requireNonNull(workflowId, "workflowId");
    Objects.requireNonNull(originalRunId, "originalRunId");
    Objects.requireNonNull(inputHash, "inputHash");
    Objects.requireNonNull(since, "since");
    if (epoch < 1)
      throw new IllegalArgumentException("epoch of " + volume + " is below 1: " + epoch);
  }
}
