package io.backstay.archive;

import io.backstay.seam.Time;
import io.backstay.volume.MetadataFile;
import io.backstay.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What storages said of the quiet after their newest cuts, by volume (rule M4). The newest word is
 * noted in the volume's directory, so that what is restorable does not look older than was proved
 * when this process is another one and the storage is dead.
 *
 * <p>Storages say it every few seconds, so not each word is noted: what a crash takes back makes a
 * point look older than it is, never younger. A word says nothing of which diffs are here; it
 * counts for a point only where these lead exactly to its cut.
 */
final class QuietTimes {
  private static final Logger LOG = LoggerFactory.getLogger(QuietTimes.class);

  /** File in the volume's directory. */
  static final String FILE = "quiet";

  /** A note is one small file that is synced; volumes may be many. */
  static final Duration NOTE_EVERY = Duration.ofSeconds(10);

  private static final Comparator<Quiet> ORDER =
      Comparator.comparingInt(Quiet::session)
          .thenComparingLong(Quiet::gid)
          .thenComparing(Quiet::at);

  private final VolumeStore<ArchiveVolume> store;
  private final Time time;
  private final Map<String, Quiet> newest = new ConcurrentHashMap<>();

  /** One note is written at a time; to be used with the lock held. */
  private final Map<String, Noted> noted = new ConcurrentHashMap<>();

  private final ReentrantLock noting = new ReentrantLock();

  /** Nothing was written behind that cut up to then. */
  record Quiet(int session, long gid, Instant at) {}

  private record Noted(Quiet quiet, long nanos) {}

  QuietTimes(VolumeStore<ArchiveVolume> store, Time time) {
    this.store = store;
    this.time = time;
  }

  /** Evidence that cannot be read is none. */
  void start(String volume) {
    try {
      file(volume).load().ifPresent(quiet -> newest.put(volume, quiet));
    } catch (IOException e) {
      LOG.warn("{}: how long it was quiet is not known: {}", volume, e.getMessage());
    }
  }

  private MetadataFile<Quiet> file(String volume) throws IOException {
    return new MetadataFile<>(store.directory(volume), FILE, Quiet.class);
  }

  Optional<Quiet> of(String volume) {
    return Optional.ofNullable(newest.get(volume));
  }

  /** What comes late, by way of another proxy, changes nothing. */
  void said(String volume, Quiet quiet) {
    if (store.get(volume).state() == ArchiveVolume.State.CLEAR) return;
    newest.merge(volume, quiet, (one, other) -> ORDER.compare(one, other) < 0 ? other : one);
    // Who notes another volume's now does not wait: the next word comes soon.
    if (!noting.tryLock()) return;
    try {
      Noted last = noted.get(volume);
      if (last == null || time.nanos() - last.nanos >= NOTE_EVERY.toNanos()) note(volume);
    } finally {
      noting.unlock();
    }
  }

  private void note(String volume) {
    Quiet now = newest.get(volume);
    Noted last = noted.get(volume);
    if (now == null || last != null && last.quiet.equals(now)) return;
    noted.put(volume, new Noted(now, time.nanos()));
    try {
      file(volume).publish(now);
    } catch (IOException e) {
      LOG.warn("{}: how long it was quiet is not noted: {}", volume, e.getMessage());
    }
  }

  /** Notes what is not noted yet. */
  void stop() {
    noting.lock();
    try {
      newest.keySet().forEach(this::note);
    } finally {
      noting.unlock();
    }
  }

  /** The volume was cleared. */
  void forget(String volume) throws IOException {
    noting.lock();
    try {
      newest.remove(volume);
      noted.remove(volume);
      store.directory(volume).delete(FILE);
    } finally {
      noting.unlock();
    }
  }
}
