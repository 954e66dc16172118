package io.backstay.model;

import java.time.Duration;
import java.util.Objects;

/**
 * Where the write log of a logged volume lies, and how large it is.
 *
 * @param path absolute path of the log device on the storage's node
 * @param sizeBytes of the log device; a file that is not there yet is made so large
 * @param tailBytes memory for the newest writes (rule L2)
 * @param onFull what happens when an archive does not follow (rule L6)
 * @param cutSeconds how often a cut is made while there are writes (rule M1): about so old is what
 *     an archive has at most. Records of earlier releases have none, which is {@link #CUT_SECONDS}
 */
public record LogPlan(
    String path, long sizeBytes, long tailBytes, OnLogFull onFull, Integer cutSeconds) {
  public static final int CUT_SECONDS = 5;
  public static final int CUT_SECONDS_MAX = 86_400;

  public LogPlan(String path, long sizeBytes, long tailBytes) {
    this(path, sizeBytes, tailBytes, OnLogFull.OVERFLOW);
  }

  public LogPlan(String path, long sizeBytes, long tailBytes, OnLogFull onFull) {
    this(path, sizeBytes, tailBytes, onFull, CUT_SECONDS);
  }

  public LogPlan {
    Objects.requireNonNull(path, "path");
    onFull = onFull == null ? OnLogFull.OVERFLOW : onFull;
    cutSeconds = cutSeconds == null ? (Integer) CUT_SECONDS : cutSeconds;
    if (!path.startsWith("/"))
      throw new IllegalArgumentException("path of a log is not absolute: " + path);
    if (sizeBytes <= 0 || tailBytes <= 0) {
      throw new IllegalArgumentException(
          "a log of %d bytes with a tail of %d at %s".formatted(sizeBytes, tailBytes, path));
    }
    if (cutSeconds < 1 || cutSeconds > CUT_SECONDS_MAX)
      throw new IllegalArgumentException(
          "a cut is made every 1 to %d s, not %d".formatted(CUT_SECONDS_MAX, cutSeconds));
  }

  /** The same log, kept in another way. */
  public LogPlan with(OnLogFull newOnFull, int newCutSeconds) {
    return new LogPlan(path, sizeBytes, tailBytes, newOnFull, newCutSeconds);
  }

  public Duration cutInterval() {
    return Duration.ofSeconds(cutSeconds);
  }
}
