package io.backstay.group;

import java.time.Duration;

/** A length of time as people read it: "7 s", "2 min 5 s", "3 h 20 min", "4 d 2 h". */
public final class Lapse {
  private Lapse() {}

  public static String text(Duration duration) {
    return text(duration.toSeconds());
  }

  public static String text(long anySeconds) {
    long seconds = Math.max(0, anySeconds);
    if (seconds < 60) return seconds + " s";
    if (seconds < 3600) return "%d min %d s".formatted(seconds / 60, seconds % 60);
    if (seconds < 86_400) return "%d h %d min".formatted(seconds / 3600, seconds % 3600 / 60);
    return "%d d %d h".formatted(seconds / 86_400, seconds % 86_400 / 3600);
  }
}
