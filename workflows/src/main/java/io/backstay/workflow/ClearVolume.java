package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** Ends the protection of a volume and destroys all its points; needs a grant (rule K5). */
@WorkflowInterface
public interface ClearVolume extends Run {
  /**
   * @param grant see {@link Grants}; for the command "clear-volume", target ""
   */
  record Input(String volume, String grant) implements RunInput {
    public Input {
      Names.require("volume", volume);
      Grants.decode(grant);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.CLEAR_VOLUME;
    }

    @Override
    public String workflowType() {
      return "ClearVolume";
    }

    @Override
    public String workflowId() {
      return "clear-volume/" + volume;
    }

    @Override
    public String summary() {
      return "clear volume %s and destroy its points".formatted(volume);
    }
  }

  record Result(String volume, long pointsDestroyed, long bytesFreed) {}

  @WorkflowMethod(name = "ClearVolume")
  Result run(Input input);
}
