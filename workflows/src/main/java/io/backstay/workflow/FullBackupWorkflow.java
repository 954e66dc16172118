package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.FullBackupPlan;

/** Reserve, plan, let the storage send, release. */
public final class FullBackupWorkflow extends StepwiseRun implements FullBackup {
  public FullBackupWorkflow() {
    super(OperationKind.FULL_BACKUP);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    Result result = steps.reserved(epoch -> backUp(input, epoch));
    steps.notes().over();
    return result;
  }

  private Result backUp(Input input, long epoch) {
    FullBackupPlan plan = steps.plan(choices -> choices.fullBackup(input));
    var work = new Work.FullBackup(plan.archive(), plan.archiveAddress(), plan.bytesPerSecondMax());
    Order order = steps.order(plan.storage(), "full-backup", epoch, work);
    String doing =
        "sending %s from %s to %s".formatted(plan.volume(), plan.storage(), plan.archive());
    var done = steps.carryOut(order, doing, WorkResult.BackedUp.class);
    return new Result(
        plan.volume(),
        done.gid(),
        done.time(),
        done.bytesRead(),
        done.bytesSent(),
        done.bytesResent(),
        done.seconds(),
        done.proof());
  }
}
