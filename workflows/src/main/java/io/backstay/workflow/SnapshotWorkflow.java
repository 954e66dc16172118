package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.activity.PointActivities.Awaited;
import io.backstay.model.Cut;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.SnapshotPlan;
import java.util.Optional;

/** Plan, let the storage take it, wait until an archive has it. No reservation (rule K2). */
public final class SnapshotWorkflow extends StepwiseRun implements Snapshot {
  public SnapshotWorkflow() {
    super(OperationKind.SNAPSHOT);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    SnapshotPlan plan = steps.plan(choices -> choices.snapshot(input));
    var work = new Work.Snapshot(Optional.ofNullable(input.label()));
    Order order = steps.order(plan.storage(), "snapshot", 0, work);
    String doing = "taking a snapshot of %s at %s".formatted(plan.volume(), plan.storage());
    Cut cut = steps.carryOut(order, doing, WorkResult.SnapshotMade.class).cut();
    Optional<String> archive = input.await() ? Optional.of(archiveOf(cut, plan)) : Optional.empty();
    steps.notes().over();
    return new Result(
        plan.volume(),
        cut.gid(),
        cut.time(),
        cut.label().orElse(null),
        archive.isPresent(),
        archive.orElse(null));
  }

  private String archiveOf(Cut cut, SnapshotPlan plan) {
    return steps.untilRestorable(
        new Awaited(plan.volume(), cut.gid(), plan.archives(), Optional.of(plan.storage())));
  }
}
