package io.backstay.workflow;

import io.backstay.activity.RefusalFailure;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.temporal.common.converter.EncodedValues;
import io.temporal.workflow.DynamicWorkflow;
import io.temporal.workflow.Workflow;

/** A workflow type that there is not: fails and lists those there are, instead of hanging (F3). */
public final class UnknownWorkflow implements DynamicWorkflow {
  @Override
  public Object execute(EncodedValues args) {
    throw RefusalFailure.of(
        Refusal.of(
                RefusalCode.UNKNOWN_WORKFLOW,
                "there is no workflow '%s'".formatted(Workflow.getInfo().getWorkflowType()))
            .found("there are " + String.join(", ", RunInput.workflowTypes()))
            .next("names are written exactly so"));
  }
}
