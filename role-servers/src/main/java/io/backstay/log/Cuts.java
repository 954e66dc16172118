package io.backstay.log;

import io.backstay.log.CutsEntry.Overflow;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.Directory;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The session of a volume's log and its cuts (rules M1, M2): what nobody is told of before it is
 * durable in {@link CutsFile}.
 *
 * <p>Kept are the newest cut, whatever session it is of, since no gid is given twice; and those of
 * the session that is, as long as their log is kept, or for ever where they were given up and
 * somebody had asked for them.
 */
final class Cuts {
  private final ReentrantLock lock = new ReentrantLock();
  private final CutsFile file;
  private Session session;
  private Optional<Cut> newest = Optional.empty();
  private Optional<Overflow> overflow = Optional.empty();
  private List<Cut> kept = new ArrayList<>();

  /** A cut that is to be recorded; its gid follows from those before it. */
  record Wanted(
      long lsid,
      Instant time,
      Optional<Instant> firstWrite,
      boolean explicit,
      Optional<String> label,
      Optional<String> operation,
      long volumeBytes) {}

  private Cuts(CutsFile file, List<CutsEntry> entries) throws IOException {
    this.file = file;
    for (CutsEntry entry : entries) take(entry);
    if (session == null) throw new IOException("the file of cuts names no session");
  }

  /** Makes the file of a new volume, in its local session. */
  static void create(Directory directory, SessionUuid uuid, long lsid) throws IOException {
    CutsFile file = new CutsFile(directory);
    file.publish(
        List.of(CutsEntry.begin(new Session(0, uuid, Optional.empty(), lsid), Optional.empty())));
    file.giveUp();
  }

  /**
   * Reads what an earlier process left, and makes it durable: that one may have died, or failed, in
   * a sync. Damage is an IOException.
   */
  static Cuts open(Directory directory) throws IOException {
    CutsFile file = new CutsFile(directory);
    List<CutsEntry> entries = file.read();
    Cuts cuts = new Cuts(file, entries);
    if (entries.size() > 1) file.publish(cuts.whole());
    file.giveUp();
    return cuts;
  }

  private void take(CutsEntry entry) {
    entry
        .session()
        .ifPresent(begun -> {
          session = begun;
          overflow = Optional.empty();
          kept = new ArrayList<>();
        });
    entry.cut().ifPresent(this::take);
    entry.further().forEach(this::take);
    if (entry.overflow().isPresent()) overflow = entry.overflow();
  }

  private void take(Cut cut) {
    newest = Optional.of(cut);
    if (session != null && cut.session() == session.number()) kept.add(cut);
  }

  /** All of them or none. */
  private void durable(List<CutsEntry> entries) throws IOException {
    if (file.wantsPublishing() || entries.size() > 1) {
      List<CutsEntry> all = whole();
      all.addAll(entries);
      file.publish(all);
    } else {
      file.append(entries.getFirst());
    }
    entries.forEach(this::take);
  }

  /** All that is known, in an order in which it can be taken. */
  private List<CutsEntry> whole() {
    List<CutsEntry> all = new ArrayList<>();
    newest.filter(cut -> cut.session() != session.number()).map(CutsEntry::cut).ifPresent(all::add);
    Optional<Cut> first = kept.stream().findFirst();
    all.add(CutsEntry.begin(session, first));
    kept.stream().skip(1).map(CutsEntry::cut).forEach(all::add);
    overflow.map(CutsEntry::overflow).ifPresent(all::add);
    return all;
  }

  Session session() {
    return locked(() -> session);
  }

  /** Whether log is kept for an archive, and cuts are made of it. */
  boolean isProtecting() {
    return locked(() -> !session.isLocal() && overflow.isEmpty());
  }

  /** The newest cut of this session. */
  Optional<Cut> newest() {
    return locked(() -> newest.filter(cut -> cut.session() == session.number()));
  }

  /** The oldest cut of this session that is kept; its log is. */
  Optional<Cut> oldest() {
    return locked(() -> kept.stream().findFirst());
  }

  /** The cut of this session with the next gid. */
  Optional<Cut> after(Cut cut) {
    return locked(() -> {
      if (kept.isEmpty() || cut.session() != session.number()) return Optional.empty();
      // Gids of cuts grow by one, and only the oldest are forgotten (rule M1).
      long index = cut.gid() + 1 - kept.getFirst().gid();
      return index >= 0 && index < kept.size()
          ? Optional.of(kept.get((int) index))
          : Optional.empty();
    });
  }

  /** The snapshot that this operation asked for. */
  Optional<Cut> madeBy(String operation) {
    return locked(() ->
        kept.stream().filter(cut -> cut.operation().equals(Optional.of(operation))).findFirst());
  }

  /** Greatest gid that was ever given. */
  Optional<Long> lastGid() {
    return locked(() -> newest.map(Cut::gid));
  }

  LogHistory history() {
    return locked(() ->
        new LogHistory(
            session,
            List.copyOf(kept),
            overflow.map(mark -> new LogHistory.GivenUp(mark.keptUpTo(), mark.time()))));
  }

  int count() {
    return locked(() -> kept.size());
  }

  /** The session's log was given up: cuts above what had been sent are never restorable. */
  Optional<Overflow> overflow() {
    return locked(() -> overflow);
  }

  /**
   * Records cuts, in order; durable when it returns. Nobody has heard of them before.
   *
   * @return them with their gids; after a failure none of them counts
   */
  List<Cut> record(List<Wanted> wanted) throws IOException {
    lock.lock();
    try {
      if (session.isLocal() || overflow.isPresent())
        throw new IllegalStateException(
            "cuts in session %d, which has none".formatted(session.number()));
      List<Cut> made = new ArrayList<>();
      Cut last = newest.orElseThrow();
      for (Wanted one : wanted) {
        if (one.lsid < last.lsid())
          throw new IllegalArgumentException(
              "a cut at lsid %d behind that at %d".formatted(one.lsid, last.lsid()));
        last =
            new Cut(
                session.number(),
                one.lsid,
                last.gid() + 1,
                one.time.isBefore(last.time()) ? last.time() : one.time,
                one.firstWrite,
                one.explicit,
                one.label,
                one.operation,
                Optional.of(one.volumeBytes));
        made.add(last);
      }
      durable(
          made.size() <= CutsEntry.CUTS_MAX
              ? List.of(CutsEntry.cuts(made))
              : made.stream().map(CutsEntry::cut).toList());
      return made;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Begins the next session, with its first cut unless it is local; durable when it returns.
   *
   * @param next whose log begins there
   */
  void begin(Session next, Instant time) throws IOException {
    lock.lock();
    try {
      if (next.number() <= session.number()
          || next.firstGid().orElse(Long.MAX_VALUE) <= lastGid().orElse(-1L))
        throw new IllegalArgumentException(
            "session %d from gid %s after session %d with gid %s"
                .formatted(next.number(), next.firstGid(), session.number(), lastGid()));
      Optional<Cut> first =
          next.firstGid()
              .map(gid ->
                  new Cut(
                      next.number(),
                      next.firstLsid(),
                      gid,
                      newest.map(Cut::time).filter(time::isBefore).orElse(time),
                      Optional.empty(),
                      false,
                      Optional.empty()));
      durable(List.of(CutsEntry.begin(next, first)));
    } finally {
      lock.unlock();
    }
  }

  /**
   * The log of this session is given up (rule L6); durable when it returns.
   *
   * @param sentUpTo cuts above it were not sent and are never restorable
   */
  void overflow(long sentUpTo, Instant time) throws IOException {
    lock.lock();
    try {
      durable(List.of(CutsEntry.overflow(new Overflow(session.number(), sentUpTo, time))));
      kept.removeIf(cut -> !cut.explicit() && !cut.equals(newest.orElseThrow()));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Log below that is no longer kept, because it was sent: nor are its cuts, but for the newest.
   */
  void forgetBelow(long oldest) {
    locked(() -> kept.removeIf(cut -> cut.lsid() < oldest && !cut.equals(newest.orElseThrow())));
  }

  void close() {
    locked(() -> {
      file.giveUp();
      return true;
    });
  }

  private <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }
}
