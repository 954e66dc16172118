package io.backstay.proxy;

import io.backstay.chain.Diff;
import io.backstay.diff.DiffDraft;
import io.backstay.proxy.IntervalConverter.Converted;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The diffs of one volume at a proxy: from the moment in which one is durable here until all
 * archives that it is meant for have it durably (rule X2).
 *
 * <pre>
 *   TIME-MC-GIDS.wdiff    SESSION-GIDS.side    the sidecar is durable before the wdiff has its name
 *   aside/                what an archive will never take, for somebody to look at
 * </pre>
 *
 * <p>Which archive has which diff is known in memory only: a process that begins offers all of them
 * again, and hears "have-it".
 */
final class Spool {
  private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
  private static final String ASIDE = "aside";
  private static final String TEMPORARY = ".tmp";

  private final String volume;
  private final Directory directory;
  private final Time time;
  private final ReentrantLock lock = new ReentrantLock();

  /** Files come or go one diff at a time: one that goes may be sent again meanwhile. */
  private final ReentrantLock changing = new ReentrantLock();

  private final TreeMap<SpooledDiff, Set<String>> diffs = new TreeMap<>();
  private final Set<SpooledDiff> unwanted = new HashSet<>();
  private final Map<String, Gate> arrivals = new HashMap<>();
  private final AtomicLong drafts = new AtomicLong();
  private int putAside;
  private long bytes;

  private Spool(String volume, Directory directory, Time time) {
    this.volume = volume;
    this.directory = directory;
    this.time = time;
  }

  /** What an earlier process left: whole diffs are taken, the rest is what nobody was told of. */
  static Spool open(String volume, Directory directory, Time time) throws IOException {
    Spool spool = new Spool(volume, directory, time);
    directory.sync();
    Map<String, Diff> wdiffs = new HashMap<>();
    List<String> sidecars = new ArrayList<>();
    for (String name : directory.list()) {
      Optional<Diff> diff = Diff.parse(name);
      if (diff.isPresent()) wdiffs.put(diff.get().gids(), diff.get());
      else if (name.endsWith(DiffSidecar.SUFFIX)) sidecars.add(name);
      else if (name.endsWith(TEMPORARY)) directory.delete(name);
    }
    for (String name : sidecars) spool.load(name, wdiffs);
    for (Diff diff : wdiffs.values())
      LOG.error("volume {}: {} has no sidecar, it is left alone", volume, diff.fileName());
    if (directory.has(ASIDE)) spool.putAside = directory.child(ASIDE).list().size() / 2;
    return spool;
  }

  private void load(String name, Map<String, Diff> wdiffs) throws IOException {
    Optional<Diff> diff = DiffSidecar.gidsIn(name).map(wdiffs::remove);
    if (diff.isEmpty()) {
      // Its wdiff never got its name, or all archives have it.
      directory.delete(name);
      return;
    }
    put(SpooledDiff.of(DiffSidecar.decode(name, directory.read(name)), diff.get()));
  }

  private void put(SpooledDiff diff) {
    if (diffs.put(diff, new HashSet<>()) == null) bytes += diff.fileBytes();
  }

  /** The diff of that session that ends there. */
  Optional<SpooledDiff> find(int session, long gid) {
    lock.lock();
    try {
      return diffs.keySet().stream()
          .filter(diff -> diff.session() == session && diff.gid() == gid)
          .findFirst();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Room for the bytes of a wdiff.
   *
   * @param memory of the caller's until the draft is finished
   */
  DiffDraft draft(ByteBuffer memory) throws IOException {
    String name = "draft-%d%s".formatted(drafts.incrementAndGet(), TEMPORARY);
    return new DiffDraft(directory, name, memory);
  }

  /** Durable when it returns: the draft's bytes, then the sidecar, then the wdiff's name. */
  void add(Converted made) throws IOException {
    made.draft().sync();
    changing.lock();
    try {
      directory.publish(made.sidecar().fileName(), made.sidecar().encode());
      made.draft().rename(made.diff().fileName());
      directory.sync();
      arrived(SpooledDiff.of(made.sidecar(), made.diff()));
    } finally {
      changing.unlock();
    }
  }

  private void arrived(SpooledDiff diff) {
    lock.lock();
    try {
      put(diff);
      arrivals.values().forEach(Gate::open);
    } finally {
      lock.unlock();
    }
  }

  /** Opened when something comes that the archive may want. */
  Gate arrivals(String archive) {
    lock.lock();
    try {
      return arrivals.computeIfAbsent(archive, _ -> time.gate());
    } finally {
      lock.unlock();
    }
  }

  /** The oldest that the archive is not known to have, but for these. */
  Optional<SpooledDiff> next(String archive, Set<SpooledDiff> butFor) {
    lock.lock();
    try {
      for (Map.Entry<SpooledDiff, Set<String>> one : diffs.entrySet()) {
        if (!one.getValue().contains(archive) && !butFor.contains(one.getKey()))
          return Optional.of(one.getKey());
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** What the archive is not known to have, in order. */
  List<SpooledDiff> wantedBy(String archive) {
    lock.lock();
    try {
      return diffs.entrySet().stream()
          .filter(one -> !one.getValue().contains(archive))
          .map(Map.Entry::getKey)
          .toList();
    } finally {
      lock.unlock();
    }
  }

  DiffSidecar sidecar(SpooledDiff diff) throws IOException {
    return DiffSidecar.decode(diff.sidecarName(), directory.read(diff.sidecarName()));
  }

  BlockDevice open(SpooledDiff diff) throws IOException {
    return directory.openDevice(diff.diff().fileName());
  }

  /**
   * The archive has it durably; when all have, it is deleted.
   *
   * @param archives of the volume now; those that it was received for count, too (rule X2)
   */
  void delivered(SpooledDiff diff, String archive, Collection<String> archives) throws IOException {
    settle(diff, archive, archives);
  }

  /** The archive never takes it; when no other archive waits for it, it is put aside. */
  void refused(SpooledDiff diff, String archive, Collection<String> archives) throws IOException {
    lock.lock();
    try {
      unwanted.add(diff);
    } finally {
      lock.unlock();
    }
    settle(diff, archive, archives);
  }

  private void settle(SpooledDiff diff, String archive, Collection<String> archives)
      throws IOException {
    changing.lock();
    try {
      settleAlone(diff, archive, archives);
    } finally {
      changing.unlock();
    }
  }

  /** What becomes of a diff when an archive has said something of it. */
  private enum Fate {
    STAYS,
    GOES,
    IS_PUT_ASIDE
  }

  private void settleAlone(SpooledDiff diff, String archive, Collection<String> archives)
      throws IOException {
    Fate fate = fate(diff, archive, archives);
    if (fate == Fate.STAYS) return;
    boolean gone = false;
    try {
      if (fate == Fate.IS_PUT_ASIDE) moveAside(diff);
      else delete(diff);
      gone = true;
    } finally {
      if (gone) forget(diff);
      else offerAgain(diff, archive);
    }
  }

  private Fate fate(SpooledDiff diff, String archive, Collection<String> archives) {
    lock.lock();
    try {
      Set<String> settled = diffs.get(diff);
      if (settled == null) return Fate.STAYS;
      settled.add(archive);
      if (!settled.containsAll(archives) || !settled.containsAll(diff.archives()))
        return Fate.STAYS;
      return unwanted.contains(diff) ? Fate.IS_PUT_ASIDE : Fate.GOES;
    } finally {
      lock.unlock();
    }
  }

  private void forget(SpooledDiff diff) {
    lock.lock();
    try {
      diffs.remove(diff);
      bytes -= diff.fileBytes();
      if (unwanted.remove(diff)) putAside++;
    } finally {
      lock.unlock();
    }
  }

  /** Its files could not be removed: the archive says once more that they may. */
  private void offerAgain(SpooledDiff diff, String archive) {
    lock.lock();
    try {
      diffs.get(diff).remove(archive);
    } finally {
      lock.unlock();
    }
  }

  /**
   * All its archives have it durably; what a crash leaves is offered again. That the wdiff is gone
   * is durable before its sidecar goes: alone it would stay for ever.
   */
  private void delete(SpooledDiff diff) throws IOException {
    directory.delete(diff.diff().fileName());
    directory.sync();
    directory.delete(diff.sidecarName());
  }

  private void moveAside(SpooledDiff diff) throws IOException {
    Directory aside = directory.child(ASIDE);
    directory.sync();
    for (String name : List.of(diff.sidecarName(), diff.diff().fileName())) {
      // An earlier attempt came further than this.
      if (!directory.has(name)) continue;
      byte[] content = directory.read(name);
      aside.publish(name, content);
    }
    LOG.warn("volume {}: {} is put aside, no archive takes it", volume, diff.diff().fileName());
    delete(diff);
  }

  /** Everything up to that gid of the session is in all archives. */
  Optional<Long> archivedUpTo(int session, long receivedGid) {
    lock.lock();
    try {
      for (SpooledDiff diff : diffs.keySet()) {
        if (diff.session() == session && diff.gid() <= receivedGid)
          return Optional.of(diff.diff().from().begin());
      }
      return Optional.of(receivedGid);
    } finally {
      lock.unlock();
    }
  }

  int count() {
    lock.lock();
    try {
      return diffs.size();
    } finally {
      lock.unlock();
    }
  }

  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  int putAside() {
    lock.lock();
    try {
      return putAside;
    } finally {
      lock.unlock();
    }
  }
}
