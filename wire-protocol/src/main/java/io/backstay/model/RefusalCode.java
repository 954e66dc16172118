package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;

/**
 * Why something was not done: a stable word that scripts and workflows may rely on (rule K4), what
 * a caller should make of it, and the exit code of the command line (docs/command-line.md).
 */
public enum RefusalCode {
  ALREADY_RUNNING(Advice.REFUSE, 7),
  /** The same operation id or workflow id was used before with another input (rule K3). */
  DIFFERENT_INPUT(Advice.REFUSE, 7),
  /** The epoch of the command is below one that the server has seen (rule K2). */
  FENCED(Advice.FENCED, 7),
  /** The run lost its reservation to another; it undoes nothing (rule K2). */
  SUPERSEDED(Advice.FENCED, 7),
  HELD(Advice.REFUSE, 7),
  /** The record was changed by somebody else since it was read. */
  VERSION_CONFLICT(Advice.REFUSE, 7),
  NEWER_RECORD(Advice.RETRY, 7),
  CANCELLED(Advice.REFUSE, 5),
  UNKNOWN_VOLUME(Advice.REFUSE, 6),
  UNKNOWN_SERVER(Advice.REFUSE, 6),
  UNKNOWN_OPERATION(Advice.REFUSE, 6),
  UNKNOWN_WORKFLOW(Advice.REFUSE, 6),
  NOT_FOUND(Advice.REFUSE, 6),
  POINT_NOT_REACHABLE(Advice.REFUSE, 13),
  /** The log that would make the point was given up, and nobody has it (rule L6). */
  NEVER_RESTORABLE(Advice.REFUSE, 13),
  ALREADY_EXISTS(Advice.REFUSE, 4),
  /** The state of the volume, or an action that runs on it, forbids this (mission row A15). */
  WRONG_STATE(Advice.REFUSE, 4),
  NOT_EMPTY(Advice.REFUSE, 4),
  TOO_SMALL(Advice.REFUSE, 4),
  /** A volume only grows: what lies behind a smaller end would be lost (rule L9). */
  WOULD_SHRINK(Advice.REFUSE, 4),
  /** The target is not the one that the operation wrote to before (rule K6). */
  TARGET_CHANGED(Advice.REFUSE, 4),
  /** Only a volume with a log can do this (rule L10). */
  NEEDS_LOG(Advice.REFUSE, 4),
  /**
   * No archive follows the log of this volume, so no snapshot of it could be restored (rule M2).
   */
  NOT_PROTECTED(Advice.REFUSE, 4),
  NEWEST_POINT(Advice.REFUSE, 4),
  OUTSIDE_ROOTS(Advice.REFUSE, 12),
  NOT_AUTHORISED(Advice.REFUSE, 12),
  GRANT_REQUIRED(Advice.REFUSE, 12),
  WRONG_GROUP(Advice.REFUSE, 12),
  BAD_INPUT(Advice.REFUSE, 2),
  UNSUPPORTED(Advice.REFUSE, 4),
  NO_SPACE(Advice.RETRY, 1),
  SOURCE_UNREADABLE(Advice.RETRY, 1),
  SOURCE_SHORTER(Advice.REFUSE, 1),
  SOURCE_CHANGED(Advice.REFUSE, 1),
  TARGET_UNWRITABLE(Advice.RETRY, 1),
  VERIFICATION_FAILED(Advice.REFUSE, 9),
  CORRUPT(Advice.REFUSE, 9),
  /** The server failed at it, by a defect of its own or of its machine; its log says more. */
  SERVER_FAILED(Advice.RETRY, 1),
  UNREACHABLE(Advice.RETRY, 8),
  STARTING(Advice.RETRY, 8),
  /** A code of a newer release. */
  @JsonEnumDefaultValue
  OTHER(Advice.REFUSE, 1);

  /** What a caller should make of a refusal. */
  public enum Advice {
    /** The cause may go away: try again, with delay. */
    RETRY,
    /** Trying the same again gives the same answer. */
    REFUSE,
    /** Somebody newer took over: stop, undo nothing. */
    FENCED
  }

  private final Advice advice;
  private final int exitCode;

  RefusalCode(Advice advice, int exitCode) {
    this.advice = advice;
    this.exitCode = exitCode;
  }

  public Advice advice() {
    return advice;
  }

  public int exitCode() {
    return exitCode;
  }

  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The code of that word; {@link #OTHER} for a word of a newer release (rule K7). */
  @JsonCreator
  public static RefusalCode of(String word) {
    return Arrays.stream(values())
        .filter(code -> code.word().equals(word))
        .findFirst()
        .orElse(OTHER);
  }
}
