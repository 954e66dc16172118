package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.activity.PointActivities.Awaited;
import io.backstay.model.OperationKind;
import io.backstay.model.RefusalCode;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.FullBackupPlan;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.Workflow;
import java.util.List;
import java.util.Optional;

/**
 * Reserve, plan, let the storage send, release. The image of a logged volume is a point when its
 * log has come, too (rule X4); where that was given up before anybody had it, once more (rule X5).
 */
public final class FullBackupWorkflow extends StepwiseRun implements FullBackup {
  /** A log that is given up again and again needs somebody to look at it. */
  private static final int PASSES_MAX = 3;

  public FullBackupWorkflow() {
    super(OperationKind.FULL_BACKUP);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    Sent sent = pass(input, 1);
    for (int pass = 2; !isRestorable(sent, pass > PASSES_MAX); pass++) {
      steps
          .notes()
          .did("its log was given up meanwhile: pass %d of %d".formatted(pass, PASSES_MAX));
      sent = pass(input, pass);
    }
    steps.notes().over();
    return sent.result();
  }

  private Sent pass(Input input, int pass) {
    String step = pass == 1 ? "full-backup" : "full-backup-" + pass;
    return steps.reserved(epoch -> backUp(input, step, epoch));
  }

  /** False where it never will be and another pass may do better. */
  private boolean isRestorable(Sent sent, boolean last) {
    FullBackupPlan plan = sent.plan();
    if (plan.kind() == VolumeKind.PLAIN) return true;
    long gid = sent.result().gid();
    try {
      steps.untilRestorable(
          new Awaited(plan.volume(), gid, List.of(plan.archive()), Optional.of(plan.storage())));
      return true;
    } catch (ApplicationFailure e) {
      if (last || !e.getType().equals(RefusalCode.NEVER_RESTORABLE.word())) throw e;
      // Runs of earlier releases ended here.
      if (Workflow.getVersion("passes", Workflow.DEFAULT_VERSION, 1) < 1) throw e;
      return false;
    }
  }

  private record Sent(FullBackupPlan plan, Result result) {}

  private Sent backUp(Input input, String step, long epoch) {
    FullBackupPlan plan = steps.plan(choices -> choices.fullBackup(input));
    var work = new Work.FullBackup(plan.archive(), plan.archiveAddress(), plan.bytesPerSecondMax());
    Order order = steps.order(plan.storage(), step, epoch, work);
    String doing =
        "sending %s from %s to %s".formatted(plan.volume(), plan.storage(), plan.archive());
    var done = steps.carryOut(order, doing, WorkResult.BackedUp.class);
    return new Sent(plan, Result.of(plan.volume(), done));
  }
}
