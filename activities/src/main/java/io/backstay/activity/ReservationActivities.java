package io.backstay.activity;

import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Reservation;
import io.backstay.model.Signed;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** What runs ask of the catalog (rules K1, K2). All are idempotent. */
@ActivityInterface
public interface ReservationActivities {
  /**
   * @param originalRunId of the run that asks
   */
  record Wish(
      String volume,
      OperationKind operation,
      String workflowId,
      String originalRunId,
      String inputHash) {}

  /**
   * Reserves the volume. A holder whose run is over is superseded with a higher epoch; one whose
   * run is open, or of which Temporal cannot tell, ends this run as {@code already-running}.
   */
  @ActivityMethod(name = "Reserve")
  Reservation reserve(Wish wish);

  @ActivityMethod(name = "Release")
  void release(String volume, long epoch);

  @ActivityMethod(name = "WriteProtection")
  Signed writeProtection(long epoch, ProtectionRecord record);

  @ActivityMethod(name = "RemoveProtection")
  void removeProtection(long epoch, String volume);
}
