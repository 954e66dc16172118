package io.backstay.workflow;

import io.backstay.policy.AddVolumePlan;
import io.backstay.policy.ApplyPlan;
import io.backstay.policy.ClearVolumePlan;
import io.backstay.policy.DeletePointPlan;
import io.backstay.policy.FullBackupPlan;
import io.backstay.policy.MergePlan;
import io.backstay.policy.ResizePlan;
import io.backstay.policy.RestorePlan;
import io.backstay.policy.SetVolumePlan;
import io.backstay.policy.SnapshotPlan;
import io.backstay.policy.VerifyPlan;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/**
 * Looks at the group and decides; what it returns is recorded (rule F1). Where a {@code run} is
 * given it is the original run id, with which the ids of its operations begin.
 */
@ActivityInterface
public interface PlanActivities {
  @ActivityMethod(name = "PlanFullBackup")
  FullBackupPlan fullBackup(FullBackup.Input input);

  @ActivityMethod(name = "PlanRestore")
  RestorePlan restore(Restore.Input input);

  @ActivityMethod(name = "PlanVerify")
  VerifyPlan verify(VerifyRestore.Input input);

  @ActivityMethod(name = "PlanAddVolume")
  AddVolumePlan addVolume(AddVolume.Input input, String run);

  @ActivityMethod(name = "PlanClearVolume")
  ClearVolumePlan clearVolume(ClearVolume.Input input);

  @ActivityMethod(name = "PlanDeletePoint")
  DeletePointPlan deletePoint(DeletePoint.Input input);

  @ActivityMethod(name = "PlanResize")
  ResizePlan resize(Resize.Input input);

  @ActivityMethod(name = "PlanSetVolume")
  SetVolumePlan setVolume(SetVolume.Input input);

  @ActivityMethod(name = "PlanSnapshot")
  SnapshotPlan snapshot(Snapshot.Input input);

  @ActivityMethod(name = "PlanApply")
  ApplyPlan apply(Apply.Input input);

  @ActivityMethod(name = "PlanMerge")
  MergePlan merge(Merge.Input input);
}
