package io.backstay.proxy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.seam.Gate;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** A volume whose diffs go through this proxy: its spool, and a sender for each archive. */
final class OpenVolume {
  private final String name;
  private final VolumeStore<ProxyVolume> store;
  private final RoleParts parts;
  private final Spool spool;
  private final Gate moved;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, WdiffSender> senders = new TreeMap<>();
  private volatile Optional<Received> received = Optional.empty();
  private volatile Optional<Idle> idle = Optional.empty();
  private volatile Optional<Integer> taking = Optional.empty();
  private boolean closed;

  /** The newest diff that came since this process began. */
  private record Received(int session, long gid) {}

  /** Evidence of the storage that a cut was still newest at that time (rule M4). */
  record Idle(int session, long gid, Instant at) {}

  OpenVolume(String name, RoleParts parts, VolumeStore<ProxyVolume> store, Spool spool) {
    this.name = name;
    this.parts = parts;
    this.store = store;
    this.spool = spool;
    this.moved = parts.time().gate();
  }

  String name() {
    return name;
  }

  Spool spool() {
    return spool;
  }

  /** Opened when an archive has taken something. */
  Gate moved() {
    return moved;
  }

  /**
   * @throws RefusedException where the volume was cleared meanwhile
   */
  ProtectionRecord record() throws RefusedException {
    return store
        .get(name)
        .record()
        .orElseThrow(() ->
            new RefusedException(RefusalCode.UNKNOWN_VOLUME, "no volume %s here".formatted(name)));
  }

  ProxyVolume known() {
    return store.get(name);
  }

  /** Of the record now; 0 where the volume was cleared. */
  long recordVersion() {
    return known().record().map(ProtectionRecord::version).orElse(0L);
  }

  /** The newer record is this proxy's from now on (rule M3), with its archives. */
  void take(Signed newer, ProtectionRecord taken) throws RefusedException, IOException {
    if (!taken.volume().equals(name))
      throw new IOException("a record of %s instead of %s".formatted(taken.volume(), name));
    store.update(name, before -> before.record().isEmpty() ? before : before.under(newer, taken));
    send();
  }

  /** One sender for each archive of the record, as it is now; those there are look at it. */
  void send() throws RefusedException {
    List<String> archives = record().archives();
    locked(() -> {
      for (String archive : closed ? List.<String>of() : archives)
        senders.computeIfAbsent(archive, to -> WdiffSender.begin(parts, this, to));
      return true;
    });
    for (String archive : archives) spool.arrivals(archive).open();
  }

  private <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether the interval is here already: then nothing happens the second time (invariant 5).
   *
   * @throws RefusedException where its gids stand for another stretch of the log (rule M1)
   */
  boolean has(Interval interval) throws RefusedException {
    Optional<SpooledDiff> known = spool.find(interval.session().number(), interval.end().gid());
    if (known.isEmpty()) return false;
    SpooledDiff diff = known.get();
    boolean same =
        diff.diff().from().begin() == interval.begin().gid()
            && diff.beginLsid() == interval.begin().lsid()
            && diff.endLsid() == interval.end().lsid();
    if (same) return true;
    throw new RefusedException(
        Refusal.of(RefusalCode.VERSION_CONFLICT, "these gids stand for another stretch of the log")
            .attempted("take %s to %s of %s".formatted(interval.begin(), interval.end(), name))
            .found(diff.toString()));
  }

  void received(int session, long gid) {
    received = Optional.of(new Received(session, gid));
    moved.open();
  }

  void idle(int session, long gid, Instant at) {
    idle = Optional.of(new Idle(session, gid, at));
    for (String archive : locked(() -> List.copyOf(senders.keySet())))
      spool.arrivals(archive).open();
  }

  Optional<Idle> idle() {
    return idle;
  }

  /** Newest gid of the session up to which all archives have everything that came. */
  Optional<Long> archivedUpTo(int session) {
    return received
        .filter(newest -> newest.session() == session)
        .flatMap(newest -> spool.archivedUpTo(session, newest.gid()));
  }

  void kick() {
    all().forEach(WdiffSender::kick);
  }

  private List<WdiffSender> all() {
    return locked(() -> List.copyOf(senders.values()));
  }

  /** Ends the senders and returns when they have ended. */
  void close() throws InterruptedException {
    locked(() -> closed = true);
    List<WdiffSender> all = all();
    all.forEach(WdiffSender::stop);
    for (WdiffSender sender : all) sender.join();
  }

  /**
   * @param session whose log is taken from now on; empty: none, and all that came is in the spool
   */
  void taking(Optional<Integer> session) {
    taking = session;
  }

  Reply.SpoolFacts facts() {
    // Looked at first: what a transfer that is over brought is in the spool by then.
    Optional<Integer> now = taking;
    return new Reply.SpoolFacts(
        spool.count(),
        spool.bytes(),
        received.map(Received::gid),
        spool.putAside(),
        all().stream().map(WdiffSender::facts).toList(),
        now);
  }
}
