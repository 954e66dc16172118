package io.backstay.log;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.seam.Time;
import io.backstay.volume.MetadataFile;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.SuperSector;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Begins the next session of a log while clients go on (rule M2). Each step is durable before the
 * next:
 *
 * <pre>
 *   writers wait; everything is applied, and the data device flushed: the tail means nothing
 *   the volume is noted as closed
 *   the session stands in the file of cuts, with its first cut: from here on it is
 *   super sector with its uuid and a new salt, empty from the log's end on; lsids go on
 *   the tail is of this session
 *   the volume is noted as open; writers go on
 * </pre>
 *
 * <p>A process that dies in between leaves a closed volume, and the next one finishes the switch
 * where the session stands in the file of cuts, and knows nothing of it where it does not.
 */
final class SessionSwitch {
  /** Between two looks whether everything is applied. */
  private static final Duration LOOK = Duration.ofMillis(2);

  private final String volume;
  private final Tail tail;
  private final LogDevice log;
  private final Cuts cuts;
  private final Cutter cutter;
  private final Checkpointer checkpointer;
  private final MetadataFile<LogState> states;
  private final LogState state;
  private final Time time;

  SessionSwitch(
      VolumeParts parts, Opening.Opened opened, Cutter cutter, Checkpointer checkpointer) {
    this.volume = parts.volume();
    this.tail = opened.tail();
    this.log = opened.log();
    this.cuts = opened.cuts();
    this.state = opened.state();
    this.cutter = cutter;
    this.checkpointer = checkpointer;
    this.states = Opening.states(parts);
    this.time = parts.time();
  }

  /**
   * @param firstGid of its first cut; empty for a local session
   * @return the session that is: this one. Asked again for the same one, nothing happens
   * @throws RefusedException version-conflict where a later session began, or the gid was given
   *     already
   */
  Session open(int number, SessionUuid uuid, Optional<Long> firstGid)
      throws RefusedException, IOException, InterruptedException {
    Session before = cuts.session();
    if (before.number() == number
        && before.uuid().equals(uuid)
        && before.firstGid().equals(firstGid)) return before;
    if (number <= before.number() || firstGid.orElse(Long.MAX_VALUE) <= cuts.lastGid().orElse(-1L))
      throw conflict(number, firstGid);
    checkpointer.checkpoint();
    tail.hold();
    try {
      drain();
      return begin(number, uuid, firstGid);
    } finally {
      tail.goOn();
    }
  }

  private RefusedException conflict(int number, Optional<Long> firstGid) {
    return new RefusedException(
        Refusal.of(RefusalCode.VERSION_CONFLICT, "sessions and gids only grow")
            .attempted("begin session %d of %s from gid %s".formatted(number, volume, firstGid))
            .found("session %d, last gid %s".formatted(cuts.session().number(), cuts.lastGid())));
  }

  private void drain() throws IOException, InterruptedException {
    while (tail.appliedLsid() < tail.position().latest()) {
      requireWhole();
      // The log writer is not called: each call lets it gather anew what nobody waits for.
      time.sleep(LOOK);
    }
    checkpointer.checkpoint();
    requireWhole();
  }

  private void requireWhole() throws IOException {
    Optional<IOException> failure = tail.failure();
    if (failure.isPresent())
      throw new IOException(
          "no new session of %s: %s".formatted(volume, failure.get().getMessage()), failure.get());
  }

  private Session begin(int number, SessionUuid uuid, Optional<Long> firstGid)
      throws RefusedException, IOException {
    long lsid = tail.position().latest();
    if (!cutter.endBelow(firstGid.orElse(Long.MAX_VALUE))) throw conflict(number, firstGid);
    try {
      states.publish(state.asClosed());
      Session session = new Session(number, uuid, firstGid, lsid);
      cuts.begin(session, time.now());
      checkpointer.begin(sector(log.stored(), session, time));
      tail.memory().renew(uuid);
      states.publish(state);
      cutter.begin();
      return session;
    } catch (IOException e) {
      // It is not known which of both sessions it is. The next process finds out.
      tail.fail(e);
      throw e;
    }
  }

  /** The super sector of a session that begins. */
  static SuperSector sector(SuperSector before, Session session, Time time) {
    int salt = time.random().nextInt();
    if (salt == before.salt()) salt = ~salt;
    return before.withSession(session.uuid(), salt, session.firstLsid());
  }
}
