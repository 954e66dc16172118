package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.activity.PointActivities.Awaited;
import io.backstay.model.OperationKind;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.FullBackupPlan;
import java.util.List;
import java.util.Optional;

/**
 * Reserve, plan, let the storage send, release. The image of a logged volume is a point when its
 * log has come, too (rule X4).
 */
public final class FullBackupWorkflow extends StepwiseRun implements FullBackup {
  public FullBackupWorkflow() {
    super(OperationKind.FULL_BACKUP);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    Sent sent = steps.reserved(epoch -> backUp(input, epoch));
    FullBackupPlan plan = sent.plan();
    long gid = sent.result().gid();
    if (plan.kind() == VolumeKind.LOGGED)
      steps.untilRestorable(
          new Awaited(plan.volume(), gid, List.of(plan.archive()), Optional.of(plan.storage())));
    steps.notes().over();
    return sent.result();
  }

  private record Sent(FullBackupPlan plan, Result result) {}

  private Sent backUp(Input input, long epoch) {
    FullBackupPlan plan = steps.plan(choices -> choices.fullBackup(input));
    var work = new Work.FullBackup(plan.archive(), plan.archiveAddress(), plan.bytesPerSecondMax());
    Order order = steps.order(plan.storage(), "full-backup", epoch, work);
    String doing =
        "sending %s from %s to %s".formatted(plan.volume(), plan.storage(), plan.archive());
    var done = steps.carryOut(order, doing, WorkResult.BackedUp.class);
    Result result =
        new Result(
            plan.volume(),
            done.gid(),
            done.time(),
            done.bytesRead(),
            done.bytesSent(),
            done.bytesResent(),
            done.seconds(),
            done.proof());
    return new Sent(plan, result);
  }
}
