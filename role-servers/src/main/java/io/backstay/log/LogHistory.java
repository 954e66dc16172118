package io.backstay.log;

import io.backstay.model.Cut;
import io.backstay.model.Session;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is known of a log's session.
 *
 * @param cuts that are kept, oldest first
 * @param givenUp the log was full, and was given up (rule L6)
 */
public record LogHistory(Session session, List<Cut> cuts, Optional<GivenUp> givenUp) {
  /**
   * @param sentUpTo lsid; cuts above it are never restorable
   */
  public record GivenUp(long sentUpTo, Instant time) {}

  /** Whether cuts are made and log is kept for an archive. */
  public boolean isProtected() {
    return !session.isLocal() && givenUp.isEmpty();
  }

  /** Its log was given up before an archive had it. */
  public boolean isNeverRestorable(Cut cut) {
    return givenUp.isPresent() && cut.lsid() > givenUp.get().sentUpTo();
  }
}
