package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.ClearVolumePlan;

/**
 * Reserve, plan, let archives, storage and proxies forget, remove the record, release. The record
 * goes last, so that what stops halfway is completed by the next start.
 */
public final class ClearVolumeWorkflow extends StepwiseRun implements ClearVolume {
  public ClearVolumeWorkflow() {
    super(OperationKind.CLEAR_VOLUME);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    steps.requireGrant(input.grant());
    Result result = steps.reserved(epoch -> clear(input, epoch));
    steps.notes().over();
    return result;
  }

  private Result clear(Input input, long epoch) {
    ClearVolumePlan plan = steps.plan(choices -> choices.clearVolume(input));
    var work = new Work.ClearVolume(steps.inputHash(), Grants.decode(input.grant()));
    long points = 0;
    long bytes = 0;
    for (String server : plan.servers()) {
      Order order = steps.order(server, "clear-volume/" + server, epoch, work);
      String doing = "clearing %s at %s".formatted(plan.volume(), server);
      var cleared = steps.carryOut(order, doing, WorkResult.VolumeCleared.class);
      points += cleared.pointsDestroyed();
      bytes += cleared.bytesFreed();
    }
    String removing = "remove the record of " + plan.volume();
    steps.notes().at(removing);
    steps.call(() -> {
      steps.reservations(removing).removeProtection(epoch, plan.volume());
      return null;
    });
    return new Result(plan.volume(), points, bytes);
  }
}
