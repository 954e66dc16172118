package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.DeletePointPlan;

/** Reserve, plan, let the archive delete, release. */
public final class DeletePointWorkflow extends StepwiseRun implements DeletePoint {
  public DeletePointWorkflow() {
    super(OperationKind.DELETE_POINT);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    steps.requireGrant(input.grant());
    Result result = steps.reserved(epoch -> delete(input, epoch));
    steps.notes().over();
    return result;
  }

  private Result delete(Input input, long epoch) {
    DeletePointPlan plan = steps.plan(choices -> choices.deletePoint(input));
    var work = new Work.DeletePoint(plan.gid(), steps.inputHash(), Grants.decode(input.grant()));
    Order order = steps.order(plan.archive(), "delete-point", epoch, work);
    String doing = "deleting point %d of %s".formatted(plan.gid(), plan.volume());
    var done = steps.carryOut(order, doing, WorkResult.PointDeleted.class);
    return new Result(plan.volume(), done.gid(), done.bytesFreed());
  }
}
