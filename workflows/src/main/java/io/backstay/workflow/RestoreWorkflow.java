package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.ChosenPoint;
import io.backstay.policy.RestorePlan;

/** Plan, hold the point, let the archive write, let go. No reservation (rule K2). */
public final class RestoreWorkflow extends StepwiseRun implements Restore {
  public RestoreWorkflow() {
    super(OperationKind.RESTORE);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    RestorePlan plan = steps.plan(choices -> choices.restore(input));
    Order order = steps.orderHolding(plan.archive(), "restore", plan.gid(), work(input, plan));
    String doing = "writing %s to %s:%s".formatted(plan.volume(), plan.node(), plan.path());
    var done = steps.holding(order, () -> steps.carryOut(order, doing, WorkResult.Restored.class));
    steps.notes().over();
    return new Result(
        plan.volume(),
        done.gid(),
        input.to(),
        done.bytesWritten(),
        done.sizeBytes(),
        done.seconds(),
        null,
        plan.pointTime(),
        plan.gap().map(ChosenPoint.Gap::seconds).orElse(null),
        plan.gap().map(ChosenPoint.Gap::evidence).orElse(null));
  }

  private Work work(Input input, RestorePlan plan) {
    return new Work.Restore(
        plan.gid(),
        plan.node(),
        plan.receiver(),
        plan.path(),
        input.overwrite() ? Work.Overwrite.OVERWRITE : Work.Overwrite.ONLY_EMPTY,
        plan.bytesPerSecondMax(),
        steps.inputHash(),
        Grants.decode(input.grant()));
  }
}
