package io.backstay.cli;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.NoSpaceException;
import io.backstay.wdiff.MalformedDiffException;
import io.backstay.wire.UnreachableException;
import io.backstay.wlog.MalformedLogException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.List;
import java.util.Map;

/**
 * Why a command did not do what it was asked, as section "Errors" of docs/command-line.md shows it.
 *
 * @param code stable word for scripts
 * @param exit exit code of the process
 */
record Failure(String code, int exit, String message, String attempted, String found, String next) {
  static final int EXIT_FAILED = 1;
  static final int EXIT_USAGE = 2;
  static final int EXIT_PARTIAL = 3;
  static final int EXIT_FINDINGS = 10;
  static final int EXIT_DETACHED = 130;

  static Failure of(Refusal refusal) {
    return new Failure(
        refusal.code().word(),
        refusal.code().exitCode(),
        refusal.message(),
        refusal.attempted(),
        refusal.found(),
        refusal.next());
  }

  static Failure usage(String message, String attempted, String next) {
    return new Failure(RefusalCode.BAD_INPUT.word(), EXIT_USAGE, message, attempted, "", next);
  }

  /** What an exception that left a command means. */
  static Failure of(Throwable thrown, String attempted) {
    return switch (thrown) {
      case RefusedException refused -> of(refused.refusal()).orAttempted(attempted);
      case UnreachableException away ->
          of(
              Refusal.of(RefusalCode.UNREACHABLE, "a server cannot be reached")
                  .attempted(attempted)
                  .found(String.valueOf(away.getMessage()))
                  .next("see which servers answer: backstay status; then try again"));
      case MalformedLogException malformed -> malformed(malformed, attempted);
      case MalformedDiffException malformed -> malformed(malformed, attempted);
      case NoSpaceException full ->
          of(
              Refusal.of(RefusalCode.NO_SPACE, "the disk is full")
                  .attempted(attempted)
                  .found(String.valueOf(full.getMessage()))
                  .next("make room there, or name a place on another disk; then run it again"));
      case AccessDeniedException denied ->
          new Failure(
              "failed",
              EXIT_FAILED,
              "this user may not do that",
              attempted,
              "no permission for " + denied.getFile(),
              "change the file's permissions, or run it as a user who has them");
      case IOException broken ->
          new Failure("failed", EXIT_FAILED, "it failed", attempted, reason(broken), "");
      case IllegalArgumentException bad -> usage(String.valueOf(bad.getMessage()), attempted, "");
      default ->
          new Failure(
              "internal",
              EXIT_FAILED,
              "this is a bug of Backstay",
              attempted,
              thrown.toString(),
              "run it again with BACKSTAY_DEBUG=1 and report what it prints");
    };
  }

  private static Failure malformed(IOException malformed, String attempted) {
    return new Failure(
        "failed",
        EXIT_FAILED,
        "that is not of this format",
        attempted,
        String.valueOf(malformed.getMessage()),
        "docs/formats.md tells the formats and what reads them");
  }

  /** Many IOExceptions of the JDK hold only a file name. */
  private static String reason(IOException e) {
    boolean known = e.getClass() == IOException.class;
    return known
        ? String.valueOf(e.getMessage())
        : e.getClass().getSimpleName() + ": " + e.getMessage();
  }

  private Failure orAttempted(String otherwise) {
    return attempted.isEmpty() ? new Failure(code, exit, message, otherwise, found, next) : this;
  }

  /** The JSON object of an error. */
  Map<String, Failure> report() {
    return Map.of("error", this);
  }

  /** At most four lines: what it means, what was attempted, what was found, what to do next. */
  String text() {
    StringBuilder lines = new StringBuilder("backstay: ").append(message);
    lines.append(" [").append(code).append(", exit ").append(exit).append(']');
    List<Map.Entry<String, String>> details =
        List.of(
            Map.entry("  attempted: ", attempted),
            Map.entry("  found:     ", found),
            Map.entry("  next:      ", next));
    for (Map.Entry<String, String> detail : details) {
      if (!detail.getValue().isEmpty()) {
        lines.append(System.lineSeparator()).append(detail.getKey()).append(detail.getValue());
      }
    }
    return lines.toString();
  }
}
