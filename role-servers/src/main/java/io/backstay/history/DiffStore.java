package io.backstay.history;

import io.backstay.diff.DiffDraft;
import io.backstay.diff.DiffInput;
import io.backstay.diff.DiffSource;
import io.backstay.diff.SortedDiffReader;
import io.backstay.model.Session;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import io.backstay.wdiff.DiffSidecar;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The diffs of one volume, in the directory {@code diffs} below the volume's own: each a wdiff that
 * walb-tools can read, with its {@link DiffSidecar} beside it (rule X3).
 *
 * <p><b>Order.</b> The bytes are durable, then the sidecar with its name, then the wdiff gets its
 * name, and the sync of the directory behind that is the commit: nobody is told before. A diff goes
 * the other way round: the wdiff durably, then the sidecar. So a listing tells everything, and
 * there is no other record of the set.
 *
 * <p><b>Readers</b> pin what they read. A diff that is replaced meanwhile is gone from the set at
 * once; its files go when the last reader closes, or when the next process lists them.
 *
 * <p>Any thread may ask at any time; changes are made one after the other.
 */
public final class DiffStore {
  public static final String DIRECTORY = "diffs";

  private static final Logger LOG = LoggerFactory.getLogger(DiffStore.class);

  private final Directory directory;
  private final LeftOut leftOut;
  private final AppliedCuts applied;
  private final DiffSet diffs = new DiffSet();

  private final Unfinished unfinished;
  private final AtomicLong version = new AtomicLong();
  private final AtomicLong drafts = new AtomicLong();
  private final ReentrantLock changing = new ReentrantLock();
  private final ReentrantLock pinning = new ReentrantLock();
  private final DiffPins<DiffKey> pins = new DiffPins<>();
  private final Recognition recognition;

  private DiffStore(Directory directory, DiffListing listing) {
    this.directory = directory;
    this.leftOut = listing.leftOut();
    this.applied = new AppliedCuts(directory);
    this.recognition = new Recognition(directory);
    this.unfinished = new Unfinished(directory);
    for (KeptDiff diff : listing.diffs()) diffs.put(DiffKey.of(diff), diff);
  }

  /** Finds what is there, and finishes what an earlier process had begun. */
  public static DiffStore open(Directory volume) throws IOException {
    boolean isThere = volume.has(DIRECTORY);
    Directory directory = isThere ? volume.child(DIRECTORY) : new LateDirectory(volume, DIRECTORY);
    volume.sync();
    return new DiffStore(directory, DiffListing.of(directory));
  }

  // ---- asking

  /** All diffs, in the order of sessions and gids. */
  public List<KeptDiff> all() {
    return List.copyOf(diffs.all());
  }

  /** Those of one session, in the order of their gids. */
  public List<KeptDiff> of(Session session) {
    return diffs.of(session.number()).stream()
        .filter(kept -> kept.session().uuid().equals(session.uuid()))
        .toList();
  }

  /** Grows with every change of the set. */
  public long version() {
    return version.get();
  }

  /** Wdiffs that were found but cannot be used, now or ever, each with the reason. */
  public List<String> damage() {
    return leftOut.words();
  }

  /** What can be read now and could not before is here from now on. Whether some still cannot. */
  public boolean readAgain() throws IOException {
    changing.lock();
    try {
      List<KeptDiff> found = leftOut.readAgain();
      for (KeptDiff kept : found) diffs.put(DiffKey.of(kept), kept);
      version.addAndGet(found.size());
      if (!found.isEmpty()) remove(DiffListing.replaced(directory, diffs), "a merge of it");
      return leftOut.isUnread();
    } finally {
      changing.unlock();
    }
  }

  /** Greater than every gid of a diff that is here. */
  public long nextGid() {
    return diffs.all().stream().mapToLong(kept -> kept.diff().to().end() + 1).max().orElse(0);
  }

  public DiffSidecar sidecar(KeptDiff kept) throws IOException {
    return DiffSidecar.decode(kept.sidecarName(), directory.read(kept.sidecarName()));
  }

  /**
   * Whether that diff is here (rule X2): alone, in one that a merge made, or in a base image.
   *
   * @param floor the log of its session up to that gid is in every image of it; empty where there
   *     is no such image
   */
  public Sighting look(DiffSidecar offered, OptionalLong floor) throws IOException {
    int session = offered.session().number();
    for (KeptDiff kept : diffs.touching(session, offered.begin().gid(), offered.end().gid())) {
      Optional<Sighting> seen = recognition.compare(kept, offered);
      if (seen.isPresent()) return seen.get();
    }
    changing.lock();
    try {
      Optional<Sighting> seen = applied.compare(offered);
      if (seen.isPresent()) return seen.get();
    } finally {
      changing.unlock();
    }
    return floor.isPresent() && offered.to().end() <= floor.getAsLong()
        ? new Sighting.Had("an image at gid %d holds it".formatted(floor.getAsLong()))
        : new Sighting.Wanted();
  }

  // ---- coming

  /**
   * Room for the bytes of a wdiff.
   *
   * @param memory of the caller's until the draft is committed or closed; aligned, of a multiple of
   *     4096 bytes
   */
  public DiffDraft draft(ByteBuffer memory) throws IOException {
    return new DiffDraft(directory, temporary("draft"), memory);
  }

  private String temporary(String what) {
    return "%s-%d%s".formatted(what, drafts.incrementAndGet(), DiffListing.TEMPORARY);
  }

  /**
   * Makes the draft a diff of the volume; durable when it returns. Where the same one came in
   * meanwhile the draft is not used.
   *
   * @param mergeable whether its begin may be forgotten
   * @throws IOException also where its gids stand for another stretch of the log here
   */
  public KeptDiff commit(DiffDraft draft, DiffSidecar sidecar, boolean mergeable)
      throws IOException {
    if (draft.sizeBytes() != sidecar.fileBytes())
      throw new IOException(
          "a wdiff of %d bytes for %s, whose sidecar says %d"
              .formatted(draft.sizeBytes(), sidecar.diff(mergeable), sidecar.fileBytes()));
    draft.sync();
    KeptDiff kept = KeptDiff.of(sidecar, sidecar.diff(mergeable));
    DiffKey key = DiffKey.of(kept);
    changing.lock();
    try {
      Optional<KeptDiff> known = diffs.find(key);
      if (known.isPresent()
          && recognition.compare(known.get(), sidecar).orElseThrow() instanceof Sighting.Had)
        return known.get();
      requireFree(key, kept);
      directory.publish(sidecar.fileName(), sidecar.encode());
      draft.rename(kept.diff().fileName());
      directory.sync();
      unfinished.done(kept);
      diffs.put(key, kept);
      version.incrementAndGet();
      return kept;
    } finally {
      changing.unlock();
    }
  }

  /** Two diffs with the same gids would have one name. */
  private void requireFree(DiffKey key, KeptDiff kept) throws IOException {
    if (diffs.hasGids(key.gids()))
      throw new IOException(
          "a diff with gids %s is here, it is not %s".formatted(key.gids(), kept));
    pinning.lock();
    try {
      if (pins.isDoomed(key)) throw new IOException("%s is read, and goes".formatted(key));
    } finally {
      pinning.unlock();
    }
    unfinished.begin(kept);
  }

  // ---- staying

  /**
   * Says of the state at that gid whether merges keep it: its name says so durably when it returns.
   *
   * @return false where no diff begins there
   */
  public boolean keep(long gid, boolean kept) throws IOException {
    changing.lock();
    try {
      List<KeptDiff> here =
          diffs.all().stream().filter(one -> one.diff().from().begin() == gid).toList();
      for (KeptDiff one : here) {
        if (one.diff().mergeable() == kept) rename(one, one.with(!kept));
      }
      if (!here.isEmpty()) directory.sync();
      return !here.isEmpty();
    } finally {
      changing.unlock();
    }
  }

  private void rename(KeptDiff one, KeptDiff next) throws IOException {
    pinning.lock();
    try {
      directory.rename(one.diff().fileName(), next.diff().fileName());
      diffs.put(DiffKey.of(next), next);
      version.incrementAndGet();
    } finally {
      pinning.unlock();
    }
  }

  // ---- going

  /**
   * Forgets the diffs that end at or before that gid: a base image holds them, and no image needs
   * them. Their cuts are recorded before they go.
   *
   * @param successor names that image in the log
   */
  public int forgetUpTo(long gid, String successor) throws IOException {
    changing.lock();
    try {
      List<KeptDiff> gone =
          diffs.all().stream().filter(kept -> kept.diff().to().end() <= gid).toList();
      applied.record(gone);
      remove(gone, successor);
      return gone.size();
    } finally {
      changing.unlock();
    }
  }

  /**
   * The draft, which was made of those, takes their place, and is there before the first one goes.
   *
   * @throws IOException where somebody said since that a point between them stays
   */
  public void replace(List<KeptDiff> parts, DiffDraft draft, DiffSidecar sidecar)
      throws IOException {
    changing.lock();
    try {
      for (KeptDiff part : parts.subList(1, parts.size()))
        if (!isMergeable(part)) throw new IOException("%s is kept since".formatted(part.begin()));
      KeptDiff merged = commit(draft, sidecar, isMergeable(parts.getFirst()));
      remove(parts, merged.toString());
    } finally {
      changing.unlock();
    }
  }

  private boolean isMergeable(KeptDiff kept) {
    return diffs.find(DiffKey.of(kept)).orElse(kept).diff().mergeable();
  }

  /** All of them, with the volume. */
  public void forgetAll() throws IOException {
    changing.lock();
    try {
      remove(all(), "nothing: the volume is cleared");
    } finally {
      changing.unlock();
    }
  }

  private void remove(Collection<KeptDiff> gone, String successor) throws IOException {
    if (gone.isEmpty()) return;
    List<KeptDiff> unread = new ArrayList<>();
    pinning.lock();
    try {
      for (KeptDiff kept : gone) {
        DiffKey key = DiffKey.of(kept);
        Optional<KeptDiff> now = diffs.remove(key);
        if (now.isPresent() && pins.mayGo(key, now.get())) unread.add(now.get());
      }
      version.incrementAndGet();
    } finally {
      pinning.unlock();
    }
    gone.forEach(kept ->
        LOG.info("{}: {} is removed, {} replaces it", directory.description(), kept, successor));
    DiffListing.remove(directory, unread);
  }

  // ---- reading

  /** Keeps the files of diffs until it is closed. */
  public final class Pin implements Closeable {
    private final Set<DiffKey> keys;
    private boolean closed;

    private Pin(Set<DiffKey> keys) {
      this.keys = keys;
    }

    /** For reading only; under the name that it has now. */
    BlockDevice open(KeptDiff kept) throws IOException {
      pinning.lock();
      try {
        DiffKey key = DiffKey.of(kept);
        KeptDiff now = diffs.find(key).orElseGet(() -> pins.doomed(key));
        return directory.openDevice(now.diff().fileName());
      } finally {
        pinning.unlock();
      }
    }

    DiffSidecar sidecar(KeptDiff kept) throws IOException {
      return DiffStore.this.sidecar(kept);
    }

    /**
     * Its stretches from the first to the last, each block compared with its checksum (rule X3).
     */
    public DiffSource source(KeptDiff kept) throws IOException {
      BlockDevice device = open(kept);
      boolean opened = false;
      try {
        String name = kept.diff().fileName();
        DiffSource source =
            new SortedDiffReader(DiffInput.of(name, device, DiffStore.this.sidecar(kept)));
        opened = true;
        return source;
      } finally {
        if (!opened) device.close();
      }
    }

    /** Room for what does not outlive the reader: the next process removes it. */
    Directory scratch() {
      return directory;
    }

    String scratchName(String what) {
      return temporary(what);
    }

    @Override
    public void close() throws IOException {
      List<KeptDiff> unread;
      pinning.lock();
      try {
        unread = closed ? List.of() : pins.release(keys);
        closed = true;
      } finally {
        pinning.unlock();
      }
      DiffListing.remove(directory, unread);
    }
  }

  /** Empty where one of them is not here any more: then the chain is another one by now. */
  public Optional<Pin> pin(Collection<KeptDiff> wanted) {
    pinning.lock();
    try {
      Set<DiffKey> keys = new HashSet<>();
      for (KeptDiff kept : wanted) {
        if (!diffs.has(DiffKey.of(kept))) return Optional.empty();
        keys.add(DiffKey.of(kept));
      }
      pins.add(keys);
      return Optional.of(new Pin(keys));
    } finally {
      pinning.unlock();
    }
  }
}
