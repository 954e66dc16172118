package io.backstay.archive;

import io.backstay.archive.QuietTimes.Quiet;
import io.backstay.chain.Diff;
import io.backstay.chain.DiffChain;
import io.backstay.chain.Snap;
import io.backstay.diff.DiffDraft;
import io.backstay.history.ChainMemory;
import io.backstay.history.DiffStore;
import io.backstay.history.KeptDiff;
import io.backstay.history.Sighting;
import io.backstay.model.Session;
import io.backstay.seam.Delays;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.volume.VolumeStore;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Message.WdiffVerdict.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The diffs of all volumes of an archive, and what its storages say of the quiet after them. */
final class VolumeHistories implements VolumeDiffs {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeHistories.class);

  /** How soon, and how late, a sidecar that the disk did not read is tried again. */
  private static final Duration AGAIN_MIN = Duration.ofSeconds(1);

  private static final Duration AGAIN_MAX = Duration.ofMinutes(5);

  private final VolumeStore<ArchiveVolume> store;
  private final Time time;
  private final Gate ended;
  private final ReentrantLock opening = new ReentrantLock();
  private final ReentrantLock tidying = new ReentrantLock();
  private final Map<String, DiffStore> stores = new ConcurrentHashMap<>();
  private final QuietTimes quiet;
  private final ChainMemory memory = new ChainMemory();

  VolumeHistories(VolumeStore<ArchiveVolume> store, Time time) {
    this.store = store;
    this.time = time;
    this.ended = time.gate();
    this.quiet = new QuietTimes(store, time);
  }

  /** Reads what is there of every volume, and removes what a crash left. */
  void start() throws IOException {
    for (ArchiveVolume volume : store.all()) {
      of(volume.volume());
      quiet.start(volume.volume());
      tidy(volume.volume());
    }
  }

  /** Of all who read chains here. */
  ChainMemory memory() {
    return memory;
  }

  Time time() {
    return time;
  }

  /** Makes durable what a crash may take back. */
  void stop() {
    ended.open();
    quiet.stop();
  }

  DiffStore of(String volume) throws IOException {
    DiffStore known = stores.get(volume);
    return known == null ? opened(volume) : known;
  }

  private DiffStore opened(String volume) throws IOException {
    opening.lock();
    try {
      DiffStore known = stores.get(volume);
      if (known != null) return known;
      DiffStore opened = DiffStore.open(store.directory(volume));
      stores.put(volume, opened);
      if (opened.readAgain()) time.fork("read diffs of " + volume, () -> readAgain(volume, opened));
      return opened;
    } finally {
      opening.unlock();
    }
  }

  /** Until all is read, or nobody needs it any more; ever more seldom. */
  private void readAgain(String volume, DiffStore diffs) {
    try {
      for (Duration delay = AGAIN_MIN;
          !ended.await(delay);
          delay = Delays.longer(delay, AGAIN_MAX)) {
        if (stores.get(volume) != diffs) return;
        if (isUnread(volume, diffs)) continue;
        LOG.info("{}: all its diffs were read", volume);
        tidy(volume);
        return;
      }
      ended.open(); // for the others
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isUnread(String volume, DiffStore diffs) {
    try {
      return diffs.readAgain();
    } catch (IOException e) {
      LOG.warn("{}: {}", volume, e.toString());
      return true;
    }
  }

  Optional<Quiet> quiet(String volume) {
    return quiet.of(volume);
  }

  @Override
  public Verdict judge(String volume, DiffSidecar offered) throws IOException {
    return switch (look(volume, offered)) {
      case Sighting.Wanted _ -> Verdict.ACCEPT;
      case Sighting.Had _ -> Verdict.HAVE_IT;
      case Sighting.Conflict _ -> Verdict.GID_CONFLICT;
    };
  }

  @Override
  public String words(String volume, DiffSidecar offered) throws IOException {
    return switch (look(volume, offered)) {
      case Sighting.Wanted _ -> "";
      case Sighting.Had(String how) -> how;
      case Sighting.Conflict(String how) -> how;
    };
  }

  private Sighting look(String volume, DiffSidecar offered) throws IOException {
    return of(volume).look(offered, floor(store.get(volume), offered));
  }

  /** Up to there every image of the session has what the diffs would bring. */
  private static OptionalLong floor(ArchiveVolume volume, DiffSidecar offered) {
    return volume.images().stream()
        .flatMap(image -> image.base().stream())
        .filter(base -> base.session().number() == offered.session().number())
        .mapToLong(base -> base.begin().gid())
        .min();
  }

  @Override
  public long nextGid(String volume) throws IOException {
    return of(volume).nextGid();
  }

  @Override
  public boolean hasOther(String volume, Session session) throws IOException {
    ArchiveVolume known = store.get(volume);
    Optional<Session> mine =
        known.sessions().find(session.number()).filter(one -> !one.uuid().equals(session.uuid()));
    return mine.isPresent()
        && (known.sessions().current().equals(mine)
            || known.isComing(mine.get())
            || !of(volume).of(mine.get()).isEmpty());
  }

  @Override
  public boolean leadOn(String volume, Session session, long gid) throws IOException {
    List<Diff> diffs = of(volume).of(session).stream().map(KeptDiff::diff).toList();
    Snap from = Snap.clean(gid);
    Snap reached = DiffChain.apply(from, DiffChain.chain(from, diffs));
    return diffs.stream().allMatch(diff -> diff.from().begin() <= reached.begin());
  }

  @Override
  public void quiet(String volume, int session, long gid, Instant at) {
    quiet.said(volume, new Quiet(session, gid, at));
  }

  @Override
  public Receiving receive(String volume, DiffSidecar offered, ByteBuffer memory)
      throws IOException {
    DiffStore diffs = of(volume);
    DiffDraft draft = diffs.draft(memory);
    return new Receiving() {
      @Override
      public void write(long offset, ByteBuffer bytes) throws IOException {
        draft.write(bytes);
      }

      @Override
      public void commit() throws IOException {
        // Of a log's diff: whoever asked for the snapshot at its begin wants to keep that.
        diffs.commit(draft, offered, !offered.begin().explicit());
      }

      @Override
      public void close() throws IOException {
        draft.close();
      }
    };
  }

  /**
   * Notes what each image is, and removes what nobody needs any more: files of images that no
   * metadata names, and diffs that all images have. What cannot be removed now, the next start
   * removes.
   */
  void tidy(String volume) {
    tidying.lock();
    try {
      ArchiveVolume now = store.get(volume);
      if (now.isNew()) return;
      for (String deleted : ImageFiles.deleteUnnamed(store.directory(volume), now))
        LOG.info("{}: deleted {}, which no point names", volume, deleted);
      // Before a diff goes that only this says is in an image.
      for (ArchiveVolume.Image image : now.images())
        ImageNote.write(store.directory(volume), image);
      if (now.state() == ArchiveVolume.State.CLEAR) {
        forget(volume);
        return;
      }
      OptionalLong needed = neededFrom(now);
      if (needed.isPresent())
        of(volume)
            .forgetUpTo(needed.getAsLong(), "the image at gid %d".formatted(needed.getAsLong()));
    } catch (IOException e) {
      LOG.warn("{}: what is not needed stays until the next start: {}", volume, e.toString());
    } finally {
      tidying.unlock();
    }
  }

  /** All diffs of a volume that was cleared: nothing succeeds them. */
  private void forget(String volume) throws IOException {
    opening.lock();
    try {
      of(volume).forgetAll();
      stores.remove(volume);
      quiet.forget(volume);
      store.directory(volume).delete(DiffStore.DIRECTORY);
      store.directory(volume).sync();
    } finally {
      opening.unlock();
    }
  }

  /**
   * Diffs that end there or before lead on from no image, complete or on its way in. Empty where no
   * image is complete.
   */
  private static OptionalLong neededFrom(ArchiveVolume volume) {
    LongStream complete =
        volume.images().stream()
            .flatMap(image -> image.base().stream())
            .mapToLong(base -> base.begin().gid());
    LongStream coming =
        volume.partial().stream()
            .flatMap(partial -> partial.origin().stream())
            .mapToLong(origin -> origin.begin().gid());
    boolean has = volume.images().stream().anyMatch(image -> image.base().isPresent());
    return has ? LongStream.concat(complete, coming).min() : OptionalLong.empty();
  }
}
