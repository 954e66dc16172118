package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.MergePlan;

/** Reserve, plan, let the archive merge, release. */
public final class MergeWorkflow extends StepwiseRun implements Merge {
  public MergeWorkflow() {
    super(OperationKind.MERGE);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    steps.requireGrant(input.grant());
    Result result = steps.reserved(epoch -> merge(input, epoch));
    steps.notes().over();
    return result;
  }

  private Result merge(Input input, long epoch) {
    MergePlan plan = steps.plan(choices -> choices.merge(input));
    var work =
        new Work.Merge(
            plan.fromGid(), plan.toGid(), steps.inputHash(), Grants.decode(input.grant()));
    Order order = steps.order(plan.archive(), "merge", epoch, work);
    String doing =
        "merging diffs of %s from gid %d to gid %d at %s"
            .formatted(plan.volume(), plan.fromGid(), plan.toGid(), plan.archive());
    var done = steps.carryOut(order, doing, WorkResult.Merged.class);
    return new Result(
        plan.volume(),
        plan.fromGid(),
        plan.toGid(),
        plan.archive(),
        done.diffsBefore(),
        done.diffsAfter(),
        done.bytesBefore(),
        done.bytesAfter(),
        done.pointsDestroyed(),
        done.seconds());
  }
}
