package io.backstay.archive;

import io.backstay.model.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The sessions of a volume's log as an archive knows them (rule M2). They are ordered by number.
 *
 * @param current the one that the newest image belongs to
 * @param pending later ones, whose diffs are taken although no image of theirs is complete yet
 */
public record FollowedSessions(Optional<Session> current, List<Session> pending) {
  static final FollowedSessions NONE = new FollowedSessions(Optional.empty(), List.of());

  public FollowedSessions {
    current = current == null ? Optional.empty() : current;
    pending = pending == null ? List.of() : List.copyOf(pending);
  }

  /** The session of that number, if diffs of it are taken. */
  Optional<Session> find(int number) {
    return current
        .filter(session -> session.number() == number)
        .or(() -> pending.stream().filter(session -> session.number() == number).findFirst());
  }

  /** Whether it is over: a later one is followed. */
  boolean isClosed(Session session) {
    return current.map(Session::number).orElse(-1) > session.number();
  }

  /** Diffs of the session are taken from now on; it replaces one of its uuid or number. */
  FollowedSessions expecting(Session session) {
    if (find(session.number()).equals(Optional.of(session))) return this;
    List<Session> next = new ArrayList<>(pending);
    next.removeIf(one -> one.uuid().equals(session.uuid()) || one.number() == session.number());
    next.add(session);
    return new FollowedSessions(current, next);
  }

  /** An image of the session is complete: all older sessions are over. */
  FollowedSessions following(Session session) {
    if (current.isPresent() && current.get().number() >= session.number()) return this;
    return new FollowedSessions(
        Optional.of(session),
        pending.stream().filter(one -> one.number() > session.number()).toList());
  }

  /** Greater than every number here. */
  int nextNumber() {
    int highest = current.map(Session::number).orElse(0);
    for (Session one : pending) highest = Math.max(highest, one.number());
    return highest + 1;
  }
}
