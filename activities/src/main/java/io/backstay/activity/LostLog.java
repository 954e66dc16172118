package io.backstay.activity;

import io.backstay.activity.PointActivities.Awaited;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.temporal.failure.ApplicationFailure;
import java.util.Optional;

/**
 * Whether a gid can never become a point any more: the storage has given up the log that leads to
 * it (rule L6), ended its session (rule M2), or let go of it for a proxy that has lost it since
 * (rule X1), and nothing of it is on its way. Asked in this order, what was on its way is at an
 * archive when the archives are asked last:
 *
 * <pre>
 *   storage:  sends no more of that log; where that was sent, no operation runs, of which an image
 *             may come
 *   proxies:  all of them were heard, none takes a log of that volume, none has a diff for an archive
 *   archives: where that log was sent all of them were heard, no image is on its way in
 *             have no such point                                             ({@link Points})
 * </pre>
 *
 * <p>Who does not answer may have it: then nothing is lost yet.
 */
final class LostLog {
  private final ServerCalls calls;
  private final Awaited point;

  LostLog(ServerCalls calls, Awaited point) {
    this.calls = calls;
    this.point = point;
  }

  /** Why the point never comes, if no archive has it now; empty while it may come. */
  Optional<Refusal> evidence() {
    if (point.storage().isEmpty()) return Optional.empty();
    try {
      Reply.VolumeFacts storage = facts(point.storage().get()).orElse(null);
      if (storage == null || storage.log().isEmpty()) return Optional.empty();
      Reply.LogFacts log = storage.log().get();
      boolean sent = !isGone(log);
      if (sent && !isLetGo(log) || isOnItsWay(log)) return Optional.empty();
      if (sent && (!storage.running().isEmpty() || isImageComing())) return Optional.empty();
      return Optional.of(refusal(log));
    } catch (ApplicationFailure e) {
      return Optional.empty();
    }
  }

  private Optional<Reply.VolumeFacts> facts(String server) {
    return calls.ask(server, new Command.ListVolumes(), Reply.Volumes.class).volumes().stream()
        .filter(one -> one.volume().equals(point.volume()))
        .findFirst();
  }

  /** Log that is kept belongs to a session that began behind the gid, or there is none. */
  private boolean isGone(Reply.LogFacts log) {
    return !log.protectedNow() || log.firstGid().orElse(0L) > point.gid();
  }

  private boolean isLetGo(Reply.LogFacts log) {
    return log.shipping()
        .flatMap(Reply.ShippingFacts::letGoGid)
        .filter(gid -> gid >= point.gid())
        .isPresent();
  }

  /** An image that began before the gid makes it a point, with diffs that are there already. */
  private boolean isImageComing() {
    return !point.archives().stream()
        .allMatch(archive ->
            facts(archive)
                .flatMap(Reply.VolumeFacts::chain)
                .filter(chain -> !chain.imageComing())
                .isPresent());
  }

  private boolean isOnItsWay(Reply.LogFacts log) {
    return calls.catalog().servers(Role.PROXY).stream()
        .map(ServerRecord::name)
        .flatMap(proxy -> facts(proxy).flatMap(Reply.VolumeFacts::spool).stream())
        .anyMatch(spool -> isTaking(spool, log) || isWaitedFor(spool));
  }

  /** That of a session which began behind the gid does not lead to it. */
  private static boolean isTaking(Reply.SpoolFacts spool, Reply.LogFacts log) {
    return spool
        .taking()
        .filter(session -> !log.protectedNow() || session != log.session())
        .isPresent();
  }

  private boolean isWaitedFor(Reply.SpoolFacts spool) {
    return spool.deliveries().stream()
        .anyMatch(one -> point.archives().contains(one.archive()) && one.diffs() > 0);
  }

  private Refusal refusal(Reply.LogFacts log) {
    return Refusal.of(
            RefusalCode.NEVER_RESTORABLE,
            "gid %d of %s can never become restorable".formatted(point.gid(), point.volume()))
        .attempted("wait until %s can restore it".formatted(String.join(" or ", point.archives())))
        .found(found(log) + ", and no proxy has anything of it")
        .next("backstay backup full " + point.volume());
  }

  private String found(Reply.LogFacts log) {
    if (!isGone(log))
      return "the log up to gid %d was sent and let go of"
          .formatted(log.shipping().orElseThrow().letGoGid().orElseThrow());
    if (log.givenUp().isPresent())
      return "the log%s was given up at %s, when it was full"
          .formatted(
              log.givenUpFrom().map(" from lsid %d on"::formatted).orElse(""), log.givenUp().get());
    return "the log of its session was given up, session %d began%s"
        .formatted(log.session(), log.firstGid().map(" with gid %d"::formatted).orElse(""));
  }
}
