package io.backstay.activity;

import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.wire.Command;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;
import java.util.Objects;
import java.util.Optional;

/** Operations of servers: start or attach, watch, stop (rules K3, K4). */
@ActivityInterface
public interface OperationActivities {
  /**
   * One operation at one server.
   *
   * @param operation original run id + "/" + step
   * @param epoch of the run's reservation; 0 for work with a hold
   * @param heldGid of work with a hold: the point to hold while it runs
   */
  record Order(
      String server,
      String operation,
      String volume,
      long epoch,
      Work work,
      Optional<Long> heldGid) {
    public Order {
      Objects.requireNonNull(server, "server");
      Objects.requireNonNull(heldGid, "heldGid");
    }

    Command.Start start() {
      return new Command.Start(operation, volume, epoch, work);
    }
  }

  /**
   * Starts the operation, or attaches to it, and watches it until it is over. Ending early, for
   * whatever reason, never stops the operation: the next attempt attaches to it.
   */
  @ActivityMethod(name = "CarryOut")
  WorkResult carryOut(Order order);

  /** Stops the operation in a steady state, if it is not over. */
  @ActivityMethod(name = "CancelOperation")
  void cancel(Order order);

  /** Keeps the order's point for its operation (rule X10). */
  @ActivityMethod(name = "TakeHold")
  void takeHold(Order order);

  @ActivityMethod(name = "ReleaseHold")
  void releaseHold(Order order);
}
