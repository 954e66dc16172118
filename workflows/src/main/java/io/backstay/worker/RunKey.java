package io.backstay.worker;

import java.util.Objects;

/**
 * One run of a workflow at Temporal.
 *
 * @param runId of the run as it was found; after a reset the same work goes on under another
 */
public record RunKey(String workflowId, String runId) {
  public RunKey {
    Objects.requireNonNull(workflowId, "workflowId");
    Objects.requireNonNull(runId, "runId");
  }
}
