package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Who must hold a stretch of a volume's log durably before the storage lets go of it (rule X1). */
public enum ReleaseOn {
  /** A proxy: the loss of its disk before it has passed the diff on costs a hash backup. */
  @JsonEnumDefaultValue
  PROXY,
  /** An archive: the loss of a proxy's disk costs nothing. */
  ARCHIVE;

  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
