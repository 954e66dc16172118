package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What happens when a protected volume's log is full (rule L6). */
public enum OnLogFull {
  /** The oldest log is given up, and with it the protection; clients never wait for the backup. */
  OVERFLOW,
  /** Writes wait until an archive has the oldest log. */
  BLOCK;

  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
