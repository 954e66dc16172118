package io.backstay.log;

import io.backstay.model.Cut;
import io.backstay.model.Session;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One change of a volume's sessions and cuts: a session begins (with its first cut, unless it is
 * local), cuts are made, or the session's log is given up.
 *
 * @param further cuts that are made together with the first one: a loss of power that tears an
 *     entry tears all of it
 */
record CutsEntry(
    Optional<Session> session,
    Optional<Cut> cut,
    Optional<Overflow> overflow,
    @com.fasterxml.jackson.annotation.JsonInclude(
            com.fasterxml.jackson.annotation.JsonInclude.Include.NON_EMPTY)
        List<Cut> further) {
  /** So many have room in one entry, with their labels. */
  static final int CUTS_MAX = 32;

  /**
   * The mark of rule L6: of this session no log is sent any more.
   *
   * @param keptUpTo cuts at or below it had been sent
   */
  record Overflow(int session, long keptUpTo, Instant time) {}

  CutsEntry {
    further = further == null ? List.of() : List.copyOf(further);
    if (session.isEmpty() && cut.isEmpty() && overflow.isEmpty())
      throw new IllegalArgumentException("an entry without content");
  }

  static CutsEntry begin(Session session, Optional<Cut> cut) {
    return new CutsEntry(Optional.of(session), cut, Optional.empty(), List.of());
  }

  static CutsEntry cut(Cut cut) {
    return cuts(List.of(cut));
  }

  /**
   * @param made at least one, at most {@link #CUTS_MAX}
   */
  static CutsEntry cuts(List<Cut> made) {
    return new CutsEntry(
        Optional.empty(),
        Optional.of(made.getFirst()),
        Optional.empty(),
        made.subList(1, made.size()));
  }

  static CutsEntry overflow(Overflow overflow) {
    return new CutsEntry(Optional.empty(), Optional.empty(), Optional.of(overflow), List.of());
  }
}
