package io.backstay.policy;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.time.Duration;
import java.util.Locale;

/** What was decided for one run, recorded in its history (rule F1). */
public sealed interface Plan
    permits AddVolumePlan,
        ApplyPlan,
        ClearVolumePlan,
        DeletePointPlan,
        FullBackupPlan,
        MergePlan,
        ResizePlan,
        RestorePlan,
        SetVolumePlan,
        SnapshotPlan,
        VerifyPlan {
  /** Grows when a choice is made in another way than before. */
  int POLICY_VERSION = 2;

  /**
   * @param policy {@link #POLICY_VERSION} of the worker that decided
   * @param searchable whether the search attributes are registered, so that a run may set them: an
   *     unregistered one would make it hang (rule F3)
   */
  record Head(int policy, boolean searchable) {
    public static Head now(boolean searchable) {
      return new Head(POLICY_VERSION, searchable);
    }

    public Head {
      if (policy < 1) throw new IllegalArgumentException("policy version below 1: " + policy);
    }
  }

  Head head();

  String volume();

  /** The server whose name the run is found by. */
  String server();

  /** One line for people. */
  String words();

  /** Of a volume whose 'volume add' stopped before that server had it. */
  static RefusedException notAdded(String server, String attempted) {
    return new RefusedException(
        Refusal.of(RefusalCode.WRONG_STATE, "the volume is not added to its end yet")
            .attempted(attempted)
            .found(server + " does not know it")
            .next("give its 'backstay volume add' again, or 'backstay volume clear'"));
  }

  static String bytes(long bytes) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }

  /** "12.5s", "1h30m": as --max-gap takes it. */
  static String span(Duration duration) {
    return duration.toString().substring("PT".length()).toLowerCase(Locale.ROOT);
  }

  static String rate(long bytesPerSecondMax) {
    return bytesPerSecondMax == 0 ? "" : ", at most %s/s".formatted(bytes(bytesPerSecondMax));
  }
}
