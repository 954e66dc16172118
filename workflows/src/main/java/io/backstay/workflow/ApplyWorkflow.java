package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.ApplyPlan;

/** Reserve, plan, let the archive apply, release. */
public final class ApplyWorkflow extends StepwiseRun implements Apply {
  public ApplyWorkflow() {
    super(OperationKind.APPLY);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    steps.requireGrant(input.grant());
    Result result = steps.reserved(epoch -> apply(input, epoch));
    steps.notes().over();
    return result;
  }

  private Result apply(Input input, long epoch) {
    ApplyPlan plan = steps.plan(choices -> choices.apply(input));
    var work = new Work.Apply(plan.gid(), steps.inputHash(), Grants.decode(input.grant()));
    Order order = steps.order(plan.archive(), "apply", epoch, work);
    String doing =
        "applying diffs of %s up to gid %d at %s"
            .formatted(plan.volume(), plan.gid(), plan.archive());
    var done = steps.carryOut(order, doing, WorkResult.Applied.class);
    return new Result(
        plan.volume(),
        done.gid(),
        plan.archive(),
        done.diffs(),
        done.pointsDestroyed(),
        done.bytesFreed(),
        done.seconds());
  }
}
