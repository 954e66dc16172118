package io.backstay.activity;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.temporal.common.converter.DataConverterException;
import io.temporal.failure.ApplicationErrorCategory;
import io.temporal.failure.ApplicationFailure;
import java.util.Optional;

/**
 * A {@link Refusal} as Temporal carries it: an application failure whose type is the code's word
 * and whose details are the refusal and, with {@code already-running}, the holder of the volume
 * (rule K4).
 */
public final class RefusalFailure {
  private RefusalFailure() {}

  /** Retried by Temporal when the code's advice is to retry, else final. */
  public static ApplicationFailure of(Refusal refusal) {
    return build(refusal).setDetails(refusal).build();
  }

  /** As {@link #of(Refusal)}, with the run that holds the volume. */
  public static ApplicationFailure of(Refusal refusal, Reservation holder) {
    return build(refusal).setDetails(refusal, holder).build();
  }

  /** Benign: expected, so the SDK does not count it as an error nor log its stack. */
  private static ApplicationFailure.Builder build(Refusal refusal) {
    return ApplicationFailure.newBuilder()
        .setMessage(message(refusal))
        .setType(refusal.code().word())
        .setNonRetryable(refusal.code().advice() != RefusalCode.Advice.RETRY)
        .setCategory(ApplicationErrorCategory.BENIGN);
  }

  /** What was attempted, on what, what was found, what to do next, on one line. */
  private static String message(Refusal refusal) {
    StringBuilder line = new StringBuilder(refusal.message());
    append(line, "attempted", refusal.attempted());
    append(line, "found", refusal.found());
    append(line, "next", refusal.next());
    return line.toString();
  }

  private static void append(StringBuilder line, String what, String text) {
    if (!text.isEmpty()) line.append("; ").append(what).append(": ").append(text);
  }

  /** The refusal that a failure carries; empty for a failure of another origin. */
  public static Optional<Refusal> refusal(ApplicationFailure failure) {
    return detail(failure, 0, Refusal.class);
  }

  /** The holder that a failure of type {@code already-running} carries. */
  public static Optional<Reservation> holder(ApplicationFailure failure) {
    return detail(failure, 1, Reservation.class);
  }

  private static <T> Optional<T> detail(ApplicationFailure failure, int index, Class<T> type) {
    if (failure.getDetails() == null || failure.getDetails().getSize() <= index) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(failure.getDetails().get(index, type));
    } catch (DataConverterException e) {
      return Optional.empty(); // details of somebody else's failure
    }
  }
}
