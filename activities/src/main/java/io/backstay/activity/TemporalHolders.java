package io.backstay.activity;

import io.backstay.model.Reservation;
import io.grpc.StatusRuntimeException;
import io.temporal.serviceclient.WorkflowServiceStubs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks Temporal. */
public final class TemporalHolders implements Holders {
  private static final Logger LOG = LoggerFactory.getLogger(TemporalHolders.class);

  private final WorkflowServiceStubs temporal;
  private final String namespace;

  public TemporalHolders(WorkflowServiceStubs temporal, String namespace) {
    this.temporal = temporal;
    this.namespace = namespace;
  }

  @Override
  public boolean isOpen(Reservation holder) {
    try {
      return LatestRun.find(temporal, namespace, holder.workflowId(), "")
          .filter(LatestRun::open)
          .filter(run -> run.originalRunId().equals(holder.originalRunId()))
          .isPresent();
    } catch (StatusRuntimeException e) {
      LOG.warn("whether {} is open cannot be found out: {}", holder.workflowId(), e.getMessage());
      return true;
    }
  }
}
