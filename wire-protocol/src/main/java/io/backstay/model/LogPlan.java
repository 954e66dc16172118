package io.backstay.model;

import java.util.Objects;

/**
 * Where the write log of a logged volume lies, and how large it is.
 *
 * @param path absolute path of the log device on the storage's node
 * @param sizeBytes of the log device; a file that is not there yet is made so large
 * @param tailBytes memory for the newest writes (rule L2)
 * @param onFull what happens when an archive does not follow (rule L6)
 */
public record LogPlan(String path, long sizeBytes, long tailBytes, OnLogFull onFull) {
  public LogPlan(String path, long sizeBytes, long tailBytes) {
    this(path, sizeBytes, tailBytes, OnLogFull.OVERFLOW);
  }

  public LogPlan {
    Objects.requireNonNull(path, "path");
    onFull = onFull == null ? OnLogFull.OVERFLOW : onFull;
    if (!path.startsWith("/"))
      throw new IllegalArgumentException("path of a log is not absolute: " + path);
    if (sizeBytes <= 0 || tailBytes <= 0) {
      throw new IllegalArgumentException(
          "a log of %d bytes with a tail of %d at %s".formatted(sizeBytes, tailBytes, path));
    }
  }
}
