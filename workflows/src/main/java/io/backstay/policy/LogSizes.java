package io.backstay.policy;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.DeviceFacts;

/** How large a log and its tail are made where nobody said so. */
final class LogSizes {
  private static final long MIB = 1L << 20;
  private static final long TAIL_BYTES = 64 * MIB;
  private static final long TAIL_BYTES_MIN = 8 * MIB;
  private static final long TAIL_BYTES_MAX = 1024 * MIB;

  /** The ring holds four tails at least (rule L5). */
  private static final int TAILS = 4;

  private static final long LOG_BYTES_MIN = 512 * MIB;
  private static final long LOG_BYTES_MAX = 8192 * MIB;

  private LogSizes() {}

  /**
   * An eighth of the volume, from 512 MiB to 8 GiB; what lies there already counts as it is.
   *
   * @throws RefusedException {@code bad-input}
   */
  static LogPlan plan(AddVolumePlan.WantedLog wanted, DeviceFacts found, long volumeBytes)
      throws RefusedException {
    long tail = wanted.tailBytes().orElse(TAIL_BYTES);
    if (tail % MIB != 0 || tail < TAIL_BYTES_MIN || tail > TAIL_BYTES_MAX) {
      throw refused("a tail is whole MiB from 8 MiB to 1 GiB", "%d bytes".formatted(tail));
    }
    long usual = Math.min(LOG_BYTES_MAX, Math.max(LOG_BYTES_MIN, volumeBytes / 8 / MIB * MIB));
    long log =
        found.sizeBytes() > 0
            ? found.sizeBytes()
            : wanted.sizeBytes().orElse(Math.max(usual, (TAILS + 1) * tail));
    if (log < TAILS * tail + MIB) {
      throw refused(
          "a log holds %d tails of %s and a MiB at least".formatted(TAILS, Plan.bytes(tail)),
          "%s at %s".formatted(Plan.bytes(log), found.path()));
    }
    return new LogPlan(
        found.path(),
        log,
        tail,
        wanted.onFull().orElse(OnLogFull.OVERFLOW),
        wanted.cutSeconds().orElse(LogPlan.CUT_SECONDS));
  }

  private static RefusedException refused(String message, String found) {
    return new RefusedException(
        Refusal.of(RefusalCode.BAD_INPUT, message)
            .found(found)
            .next("give another logBytes or tailBytes"));
  }
}
