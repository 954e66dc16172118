package io.backstay.cli;

import io.backstay.group.Lapse;
import io.backstay.group.StatusReport;

/** The log of a volume in one line. */
final class LogShown {
  private LogShown() {}

  static String text(StatusReport.Log log) {
    return "%s of %s used, %s/s%s, session %d, %s"
        .formatted(
            Quantity.bytes(log.usedBytes()),
            Quantity.bytes(log.capacityBytes()),
            Quantity.bytes(log.bytesPerSecond()),
            log.secondsToFull().map(seconds -> ", full in " + Lapse.text(seconds)).orElse(""),
            log.session(),
            kept(log));
  }

  private static String kept(StatusReport.Log log) {
    if (log.givenUp().isPresent())
      return "given up when it was full at " + Quantity.time(log.givenUp().get());
    if (!log.protectedNow()) return "no archive follows it";
    return log.newestCut()
        .map(cut -> "newest cut gid %d at %s".formatted(cut.gid(), Quantity.time(cut.time())))
        .orElse("no cut yet");
  }
}
