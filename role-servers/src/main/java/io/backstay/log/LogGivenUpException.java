package io.backstay.log;

import java.io.IOException;

/**
 * A stretch of the log is asked for, or was being read, that the log no longer keeps (rule L6).
 * Nothing is broken: who needs it must do without, or begin a new session.
 */
public final class LogGivenUpException extends IOException {
  private static final long serialVersionUID = 1L;
  private final long oldestLsid;

  LogGivenUpException(String log, long wantedLsid, long oldestLsid) {
    super(
        "%s: the log from lsid %d is wanted, the oldest that is kept is %d"
            .formatted(log, wantedLsid, oldestLsid));
    this.oldestLsid = oldestLsid;
  }

  /** From there on the log was kept when this was found. */
  public long oldestLsid() {
    return oldestLsid;
  }
}
