package io.backstay.model;

import io.backstay.wlog.SessionUuid;
import java.util.Objects;
import java.util.Optional;

/**
 * One unbroken life of a log (rule M2).
 *
 * @param number sessions of a volume are ordered by it; 0 is the one that the volume is made with
 * @param uuid of the log, in its super sector and in each wlog
 * @param firstGid gid of the cut with which it begins; empty for a local session, which has no cuts
 *     and whose log nobody waits for
 * @param firstLsid where it begins
 */
public record Session(int number, SessionUuid uuid, Optional<Long> firstGid, long firstLsid) {
  public Session {
    Objects.requireNonNull(uuid, "uuid");
    Objects.requireNonNull(firstGid, "firstGid");
    if (number < 0
        || firstLsid < 0
        || number == 0 && firstGid.isPresent()
        || firstGid.orElse(0L) < 0)
      throw new IllegalArgumentException(
          "session %d from lsid %d with first gid %s".formatted(number, firstLsid, firstGid));
  }

  /** Has no cuts, and its log is released without anybody's leave. */
  @com.fasterxml.jackson.annotation.JsonIgnore
  public boolean isLocal() {
    return firstGid.isEmpty();
  }
}
