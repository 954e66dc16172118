package io.backstay.sim.log;

import io.backstay.log.LogHistory;
import io.backstay.log.LogPosition;
import io.backstay.log.LoggedVolume;
import io.backstay.model.Cut;
import io.backstay.model.OnLogFull;
import io.backstay.model.Session;
import io.backstay.sim.Violation;
import io.backstay.wlog.SessionUuid;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The sessions and cuts that somebody heard of: whatever ends a process, they stay (rules M1, M2),
 * and so does their log until it is let go or given up, and that is said (rules L4, L6).
 */
final class CutsModel {
  /**
   * @param floor moment that the cut does not lie before: all was acknowledged when it was asked
   *     for
   * @param ceiling likewise behind: nothing more was asked for when it was there
   */
  private record Known(Cut cut, boolean told, long floor, long ceiling) {}

  /** A session that was asked for and may come to be. */
  private record Asked(
      int number, Optional<SessionUuid> uuid, Optional<Long> firstGid, long floor) {
    boolean is(Session session) {
      return number == session.number()
          && firstGid.equals(session.firstGid())
          && (uuid.isEmpty() || uuid.get().equals(session.uuid()));
    }
  }

  private final VolumeHistory history;
  private final Circumstances circumstances;
  private final Map<Long, Known> cuts = new HashMap<>();
  private final List<Asked> asked = new ArrayList<>();
  private Optional<Session> session = Optional.empty();
  private long greatestGid = -1;
  private long greatestLsid;
  private long released;
  private boolean givenUp;
  private long sessionFloor;
  private int looks;
  private int snapshots;
  private int sessions;
  private int overflows;

  CutsModel(VolumeHistory history, Circumstances circumstances) {
    this.history = history;
    this.circumstances = circumstances;
  }

  int snapshots() {
    return snapshots;
  }

  int sessions() {
    return sessions;
  }

  int overflows() {
    return overflows;
  }

  long greatestGid() {
    return greatestGid;
  }

  long floorOf(Cut cut) {
    see(cut);
    return cuts.get(cut.gid()).floor;
  }

  long ceilingOf(Cut cut) {
    see(cut);
    return cuts.get(cut.gid()).ceiling;
  }

  // ---- what is asked for, and answered

  void askSession(int number, SessionUuid uuid, long firstGid) {
    asked.add(new Asked(number, Optional.of(uuid), Optional.of(firstGid), history.flushing()));
  }

  void askReset(int number) {
    asked.add(new Asked(number, Optional.empty(), Optional.empty(), history.flushing()));
  }

  /**
   * A cut was answered.
   *
   * @param floor what was acknowledged when it was asked for
   */
  void told(Cut cut, boolean explicit, Optional<String> label, long floor) {
    if (cut.explicit() != explicit || !cut.label().equals(label))
      throw new Violation("M1", "asked for a cut with label %s, got %s".formatted(label, cut));
    if (cuts.containsKey(cut.gid()) && cuts.get(cut.gid()).told)
      throw new Violation("M1", "two were told of " + cut);
    see(cut);
    Known seen = cuts.get(cut.gid());
    cuts.put(cut.gid(), new Known(cut, true, Math.max(floor, seen.floor), seen.ceiling));
    history.flushed(floor);
    if (explicit) snapshots++;
  }

  /** The archive has the log up to there. */
  void releases(Cut cut) {
    if (session.isPresent() && session.get().number() == cut.session())
      released = Math.max(released, cut.lsid());
  }

  // ---- what is found

  /** Looks at what the volume tells of itself, at any time. */
  void look(LoggedVolume volume) {
    int mine = ++looks;
    LogPosition before = volume.position();
    LogHistory now = volume.history();
    LogPosition after = volume.position();
    // Somebody else looks, later than this.
    if (mine != looks) return;
    take(now.session());
    for (Cut cut : now.cuts()) {
      see(cut);
      if (cut.lsid() > after.durable())
        throw new Violation("M1", "%s is not durable yet: %s".formatted(cut, after));
    }
    requireOrder(now);
    requireAll(now);
    requireLog(now, before);
    greatestLsid = Math.max(greatestLsid, before.durable());
  }

  private void take(Session found) {
    if (session.isPresent() && session.get().equals(found)) return;
    if (session.isPresent()) {
      if (found.number() <= session.get().number())
        throw new Violation("M2", "session %s after %s".formatted(found, session.get()));
      if (found.firstLsid() < greatestLsid)
        throw new Violation("M2", "%s begins below lsid %d".formatted(found, greatestLsid));
    }
    Optional<Asked> wish = asked.stream().filter(one -> one.is(found)).findFirst();
    if (session.isPresent() && wish.isEmpty())
      throw new Violation("M2", "nobody asked for " + found);
    if (found.firstGid().orElse(Long.MAX_VALUE) <= greatestGid)
      throw new Violation("M2", "%s, gid %d was given before".formatted(found, greatestGid));
    if (session.isPresent()) sessions++;
    session = Optional.of(found);
    asked.removeIf(one -> one.number <= found.number());
    released = found.firstLsid();
    greatestLsid = Math.max(greatestLsid, found.firstLsid());
    givenUp = false;
    // Everything that was acknowledged is on the data device when a session begins.
    sessionFloor = wish.map(Asked::floor).orElse(0L);
    history.flushed(sessionFloor);
  }

  /** Of the session that is, or of one before. */
  private void see(Cut cut) {
    Known known = cuts.get(cut.gid());
    if (known != null && !known.cut.equals(cut))
      throw new Violation("M1", "%s was %s".formatted(cut, known.cut));
    if (known != null) return;
    boolean first = session.flatMap(Session::firstGid).filter(gid -> gid == cut.gid()).isPresent();
    cuts.put(cut.gid(), new Known(cut, false, first ? sessionFloor : 0, history.asked()));
    greatestGid = Math.max(greatestGid, cut.gid());
    greatestLsid = Math.max(greatestLsid, cut.lsid());
  }

  private void requireOrder(LogHistory now) {
    Cut last = null;
    for (Cut cut : now.cuts()) {
      if (cut.session() != now.session().number())
        throw new Violation("M2", "%s in %s".formatted(cut, now.session()));
      if (last != null && (cut.lsid() < last.lsid() || cut.time().isBefore(last.time())))
        throw new Violation("M4", "%s after %s".formatted(cut, last));
      boolean next = last == null || cut.gid() == last.gid() + 1;
      if (!next && now.isProtected()) throw new Violation("M1", "%s after %s".formatted(cut, last));
      if (next && last != null && cut.lsid() - last.lsid() > circumstances.blocksBetweenCuts())
        throw new Violation("M1", "too much log between %s and %s".formatted(last, cut));
      last = cut;
    }
  }

  /** Every cut that was seen is there, but for those that are not needed any more. */
  private void requireAll(LogHistory now) {
    Session here = now.session();
    for (Known known : cuts.values()) {
      Cut cut = known.cut;
      if (cut.session() != here.number() || now.cuts().contains(cut)) continue;
      boolean isNewest = cut.gid() == greatestGid;
      boolean needed = now.isProtected() ? cut.lsid() >= released : cut.explicit();
      if (isNewest || needed && cut.lsid() >= released)
        throw new Violation("6", "%s is gone; there are %s".formatted(cut, now));
    }
    if (here.firstGid().isPresent() && now.cuts().isEmpty())
      throw new Violation("M2", "%s has no cut".formatted(here));
  }

  private void requireLog(LogHistory now, LogPosition at) {
    if (now.session().isLocal()) return;
    if (now.givenUp().isPresent()) {
      if (circumstances.onFull() == OnLogFull.BLOCK)
        throw new Violation("L6", "the log was given up, and writers should wait: " + now);
      if (now.givenUp().get().sentUpTo() > released)
        throw new Violation("L6", "%s, sent was up to %d only".formatted(now, released));
      if (!givenUp) overflows++;
      givenUp = true;
      return;
    }
    if (givenUp) throw new Violation("L6", "the log was given up, and that is forgotten: " + now);
    if (at.oldest() > released)
      throw new Violation(
          "4", "log is kept from %d on, let go was up to %d".formatted(at.oldest(), released));
  }

  /** After a start: no cut by size is missing (rule M1). */
  void requireSizeCuts(LoggedVolume volume) {
    LogHistory now = volume.history();
    if (!now.isProtected()) return;
    long since = volume.position().durable() - now.cuts().getLast().lsid();
    if (since >= circumstances.cutBytes() / 4096)
      throw new Violation("M1", "%d blocks of log behind the last of %s".formatted(since, now));
  }
}
