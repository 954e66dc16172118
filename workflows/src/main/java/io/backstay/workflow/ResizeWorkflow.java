package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Signed;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.ResizePlan;

/**
 * Reserve, plan, write the record, let archives and then the storage go by it, release. Nothing is
 * undone: what stops halfway harms nobody, and the next start completes it or takes it back.
 */
public final class ResizeWorkflow extends StepwiseRun implements Resize {
  public ResizeWorkflow() {
    super(OperationKind.RESIZE);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    Result result = steps.reserved(epoch -> resize(input, epoch));
    steps.notes().over();
    return result;
  }

  private Result resize(Input input, long epoch) {
    ResizePlan plan = steps.plan(choices -> choices.resize(input));
    if (!plan.servers().isEmpty()) grow(plan, epoch);
    return new Result(plan.volume(), plan.record().sizeBytes(), plan.formerBytes());
  }

  private void grow(ResizePlan plan, long epoch) {
    Signed signed = steps.writeRecord(epoch, plan.record());
    for (String server : plan.servers()) {
      Order order = steps.order(server, "resize/" + server, epoch, new Work.Resize(signed));
      String doing = "resizing %s at %s".formatted(plan.volume(), server);
      steps.carryOut(order, doing, WorkResult.VolumeResized.class);
    }
  }
}
