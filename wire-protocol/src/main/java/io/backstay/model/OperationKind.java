package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What a run does to a volume; the rows and columns of {@link Exclusion}. */
public enum OperationKind {
  ADD_VOLUME,
  CLEAR_VOLUME,
  FULL_BACKUP,
  HASH_BACKUP,
  DELETE_POINT,
  RESIZE,
  SET_VOLUME,
  RESTORE,
  VERIFY,
  STOP_VOLUME,
  START_VOLUME,
  RESET_VOLUME,
  ACCEPT_LOSS,
  SNAPSHOT,
  APPLY,
  MERGE;

  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
