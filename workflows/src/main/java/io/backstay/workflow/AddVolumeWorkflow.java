package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.*;
import io.backstay.policy.AddVolumePlan;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.workflow.Workflow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reserve, plan, write the record, let storage and archives take it, release. What fails or is
 * cancelled halfway is undone; what is killed halfway is completed by the next start.
 */
public final class AddVolumeWorkflow extends StepwiseRun implements AddVolume {
  private final List<Order> taken = new ArrayList<>();

  public AddVolumeWorkflow() {
    super(OperationKind.ADD_VOLUME);
  }

  @Override
  public Result run(Input input) {
    steps.begin(input);
    ProtectionRecord record = steps.reserved(epoch -> add(input, epoch));
    steps.notes().over();
    return Result.of(record);
  }

  private ProtectionRecord add(Input input, long epoch) {
    AddVolumePlan plan = steps.plan(choices -> choices.addVolume(input, steps.originalRun()));
    try {
      register(plan, epoch);
    } catch (TemporalFailure e) {
      if (!plan.begun() && !RunSteps.isSuperseded(e)) undo(plan, epoch);
      throw e;
    }
    return plan.record();
  }

  private void register(AddVolumePlan plan, long epoch) {
    Signed signed = steps.writeRecord(epoch, plan.record());
    for (String server : plan.servers()) {
      Order order = steps.order(server, Input.step(server), epoch, new Work.AddVolume(signed));
      String doing = "adding %s at %s".formatted(plan.volume(), server);
      taken.add(order);
      try {
        steps.carryOut(order, doing, WorkResult.VolumeAdded.class);
      } catch (ApplicationFailure refused) {
        taken.remove(order); // what it has under that name is not ours
        throw refused;
      }
    }
  }

  /** Nothing is lost by it: no server clears points without a grant. */
  private void undo(AddVolumePlan plan, long epoch) {
    steps.detached(() -> {
      for (Order order : taken.reversed()) forget(plan, order.server(), epoch);
      steps.reservations("undo: remove the record").removeProtection(epoch, plan.volume());
      return null;
    });
  }

  private void forget(AddVolumePlan plan, String server, long epoch) {
    var work = new Work.ClearVolume(steps.inputHash(), Optional.empty());
    Order order = steps.order(server, "undo-add-volume/" + server, epoch, work);
    try {
      steps.carryOut(order, "undo: forgetting at " + server, WorkResult.VolumeCleared.class);
    } catch (ApplicationFailure e) {
      Workflow.getLogger(AddVolumeWorkflow.class)
          .warn("{} keeps {}: {}", server, plan.volume(), e.getMessage());
    }
  }
}
