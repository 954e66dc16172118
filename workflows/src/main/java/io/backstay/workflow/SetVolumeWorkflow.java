package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Signed;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.SetVolumePlan;

/**
 * Reserve, plan, write the record, let the storage go by it, release. Nothing is undone: what stops
 * halfway the next start completes.
 */
public final class SetVolumeWorkflow extends StepwiseRun implements SetVolume {
  public SetVolumeWorkflow() {
    super(OperationKind.SET_VOLUME);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    Result result = steps.reserved(epoch -> set(input, epoch));
    steps.notes().over();
    return result;
  }

  private Result set(Input input, long epoch) {
    SetVolumePlan plan = steps.plan(choices -> choices.setVolume(input));
    if (!plan.known()) goOn(plan, epoch);
    return new Result(plan.volume(), plan.record().version(), plan.changes());
  }

  private void goOn(SetVolumePlan plan, long epoch) {
    Signed signed = steps.writeRecord(epoch, plan.record());
    Order order =
        steps.order(
            plan.server(), "set-volume/" + plan.server(), epoch, new Work.SetVolume(signed));
    String doing = "changing the settings of %s at %s".formatted(plan.volume(), plan.server());
    steps.carryOut(order, doing, WorkResult.VolumeSet.class);
  }
}
