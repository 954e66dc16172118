package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.ChosenPoint;
import io.backstay.policy.VerifyPlan;

/** Plan, hold the point, let the archive compare, let go. No reservation (rule K2). */
public final class VerifyRestoreWorkflow extends StepwiseRun implements VerifyRestore {
  public VerifyRestoreWorkflow() {
    super(OperationKind.VERIFY);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    VerifyPlan plan = steps.plan(choices -> choices.verify(input));
    Order order =
        steps.orderHolding(plan.archive(), "verify", plan.gid(), new Work.Verify(plan.gid(), 0));
    String doing = "verifying %s at gid %d".formatted(plan.volume(), plan.gid());
    var done = steps.holding(order, () -> steps.carryOut(order, doing, WorkResult.Verified.class));
    steps.notes().over();
    return new Result(
        plan.volume(),
        done.gid(),
        done.bytesCompared(),
        done.seconds(),
        plan.pointTime(),
        plan.gap().map(ChosenPoint.Gap::seconds).orElse(null),
        plan.gap().map(ChosenPoint.Gap::evidence).orElse(null));
  }
}
