package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** Destroys one point, never the newest nor a held one; needs a grant (rules L10, K5). */
@WorkflowInterface
public interface DeletePoint extends Run {
  /**
   * @param grant see {@link Grants}; for the command "delete-point", target the gid in decimal
   */
  record Input(String volume, Long gid, String grant) implements RunInput {
    public Input {
      Names.require("volume", volume);
      if (gid == null) throw new IllegalArgumentException("no gid was given: which point?");
      if (gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
      Grants.decode(grant);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.DELETE_POINT;
    }

    @Override
    public String workflowType() {
      return "DeletePoint";
    }

    @Override
    public String workflowId() {
      return "delete-point/%s/%d".formatted(volume, gid);
    }

    @Override
    public String summary() {
      return "delete point %d of %s".formatted(gid, volume);
    }
  }

  record Result(String volume, long gid, long bytesFreed) {}

  @WorkflowMethod(name = "DeletePoint")
  Result run(Input input);
}
