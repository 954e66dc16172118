package io.backstay.storage;

import io.backstay.log.LoggedVolume;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.server.RoleParts;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.UnreachableException;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes sure that the log of a volume is kept for archives (rule M2). A log that is unbroken stays
 * in its session; else a new one begins, in this order, each step durable before the next:
 *
 * <pre>
 *   the archives say which number and first gid are greater than all that they know
 *   the same archives expect the session with what came out of that
 *   the storage's log begins it
 * </pre>
 *
 * <p>A session that archives expect and that never begins does no harm: nobody sends diffs of it.
 */
final class SessionBegin {
  private static final Logger LOG = LoggerFactory.getLogger(SessionBegin.class);

  /** Gids that are left out where an archive that may have given some cannot be asked. */
  private static final long UNKNOWN_GIDS = 1L << 32;

  private final RoleParts parts;
  private final ProtectionRecord record;
  private final long epoch;
  private int number;
  private long firstGid;

  SessionBegin(RoleParts parts, ProtectionRecord record, long epoch) {
    this.parts = parts;
    this.record = record;
    this.epoch = epoch;
  }

  /**
   * @param archive that the session begins for; it must be reached
   * @return the session that the log is in from now on
   */
  Session ensure(LoggedVolume volume, String archive)
      throws RefusedException, IOException, InterruptedException {
    Optional<Session> unbroken = volume.feed().session();
    if (unbroken.isPresent()) return unbroken.get();
    RandomGenerator random = parts.time().random();
    SessionUuid uuid = new SessionUuid(random.nextLong(), random.nextLong());
    Optional<Long> lastGid = volume.feed().lastGid();
    number = volume.history().session().number() + 1;
    firstGid = lastGid.orElse(-1L) + 1;
    List<String> reached = askAll(uuid, archive, lastGid.isPresent());
    for (String one : reached) {
      Reply.SessionAgreed agreed = ask(one, uuid);
      if (agreed.number() != number || agreed.firstGid() != firstGid)
        throw new IOException(
            "%s expects session %d from gid %d, the others %d from %d"
                .formatted(one, agreed.number(), agreed.firstGid(), number, firstGid));
    }
    Session begun = volume.openSession(number, uuid, firstGid);
    LOG.info(
        "volume {}: its log is kept for {} from gid {} on, session {}",
        record.volume(),
        String.join(", ", record.archives()),
        firstGid,
        number);
    return begun;
  }

  /**
   * Who was reached. The one that must be is asked first: while it is away, each attempt would
   * leave the others with another session to expect.
   */
  private List<String> askAll(SessionUuid uuid, String archive, boolean knowsGids)
      throws RefusedException, IOException, InterruptedException {
    List<String> reached = new ArrayList<>();
    List<String> inOrder =
        record.archives().stream()
            .sorted(Comparator.comparing(one -> !one.equals(archive)))
            .toList();
    for (String one : inOrder) {
      try {
        Reply.SessionAgreed agreed = ask(one, uuid);
        number = Math.max(number, agreed.number());
        firstGid = Math.max(firstGid, agreed.firstGid());
        reached.add(one);
      } catch (UnreachableException e) {
        if (one.equals(archive)) throw e;
        // It learns of the session by its first diff. Only a storage that gave no gid yet does not
        // know those that the archive may have.
        if (!knowsGids) firstGid += UNKNOWN_GIDS;
        LOG.warn("volume {}: a session begins without {}", record.volume(), one);
      }
    }
    return reached;
  }

  private Reply.SessionAgreed ask(String archive, SessionUuid uuid)
      throws RefusedException, IOException, InterruptedException {
    var question = new Command.AgreeSession(record.volume(), epoch, uuid, number, firstGid);
    return switch (parts.servers().call(archive, question)) {
      case Reply.SessionAgreed agreed -> agreed;
      case Reply.Refused refused -> throw new RefusedException(refused.refusal());
      case Reply other ->
          throw new RefusedException(
              Refusal.of(RefusalCode.UNSUPPORTED, "the archive knows no sessions")
                  .attempted("begin a session of %s at %s".formatted(record.volume(), archive))
                  .found(other.toString())
                  .next("upgrade " + archive));
    };
  }
}
