package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where the writes of a volume come from (mission row A2). */
public enum VolumeKind {
  /**
   * A file or block device that others write, without a log: full and hash backup only (rule L10).
   */
  PLAIN,
  /**
   * A block device that Backstay itself serves over NBD, with a write log in front of it (rules L1
   * to L9).
   */
  LOGGED;

  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
