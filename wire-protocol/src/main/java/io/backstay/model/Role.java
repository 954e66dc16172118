package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What a process may do in a group; part of its certificate (rule K5). */
public enum Role {
  CATALOG,
  STORAGE,
  PROXY,
  ARCHIVE,
  WORKER,
  /**
   * A person at the command line: may ask everything, and sign grants with a second certificate.
   */
  OPERATOR,
  /** An NBD client: uses the volumes that its certificate names, and may do nothing else. */
  CLIENT;

  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
