package io.backstay.log;

import io.backstay.model.Cut;
import io.backstay.model.Session;
import java.time.Instant;
import java.util.Optional;

/**
 * One change of a volume's sessions and cuts: a session begins (with its first cut, unless it is
 * local), a cut is made, or the session's log is given up.
 */
record CutsEntry(Optional<Session> session, Optional<Cut> cut, Optional<Overflow> overflow) {
  /**
   * The mark of rule L6: of this session no log is sent any more.
   *
   * @param keptUpTo cuts at or below it had been sent
   */
  record Overflow(int session, long keptUpTo, Instant time) {}

  CutsEntry {
    if (session.isEmpty() && cut.isEmpty() && overflow.isEmpty())
      throw new IllegalArgumentException("an entry without content");
  }

  static CutsEntry begin(Session session, Optional<Cut> cut) {
    return new CutsEntry(Optional.of(session), cut, Optional.empty());
  }

  static CutsEntry cut(Cut cut) {
    return new CutsEntry(Optional.empty(), Optional.of(cut), Optional.empty());
  }

  static CutsEntry overflow(Overflow overflow) {
    return new CutsEntry(Optional.empty(), Optional.empty(), Optional.of(overflow));
  }
}
