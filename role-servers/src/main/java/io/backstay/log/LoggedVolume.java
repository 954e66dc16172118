package io.backstay.log;

import io.backstay.model.Cut;
import io.backstay.model.OnLogFull;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Devices.Caching;
import io.backstay.seam.Time;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.SuperSector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A volume with a write log. The way of a block:
 *
 * <pre>
 *   client --- write ---> Tail: a place in the log, bytes and commit word in shared memory
 *          <-- done -----   it outlives this process now, and every read sees it    (rules L1, L2)
 *   LogWriter: pack headers, one write to the log device, one flush                 (rule L3)
 *          <-- done -----   for whoever asked for a flush
 *   Applier: to the data device, in the log's order; the tail forgets it            (rule L4)
 *   Checkpointer: flush the data device, note how far; the log may be overwritten   (rule L4)
 *   Cutter: a name and a number for a place between two packs of durable log        (rule M1)
 * </pre>
 *
 * <p>A read takes the newest bytes from the tail and the rest from the data device, never from the
 * log. How a volume comes back after a death is told in {@link Opening}.
 *
 * <p>The methods of {@link Export} never block, and answer with an error of NBD.
 */
public final class LoggedVolume implements Export {
  /** File in the volume's directory: what is durable of its running. */
  public static final String STATE_FILE = "log-state";

  /** File in the volume's directory: its sessions and cuts. */
  public static final String CUTS_FILE = CutsFile.NAME;

  private static final int ZERO_BYTES = 1 << 20;
  private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(ZERO_BYTES);

  private final VolumeParts parts;
  private final Tail tail;
  private final LogDevice log;
  private final BlockDevice data;
  private final LogState state;
  private final Cuts cuts;
  private final Cutter cutter;
  private final Retention retention;
  private final Checkpointer checkpointer;
  private final SessionSwitch sessions;
  private final Growth growth;
  private final VolumeReads reads;

  /** One session begins at a time; no cut is asked for, and no size changes, meanwhile. */
  private final ReentrantLock sessionLock = new ReentrantLock();

  /** One at a time: what is zeroed for one size is not yet used by clients who got another. */
  private final ReentrantLock resizing = new ReentrantLock();

  private final Time time;
  private final List<Thread> threads = new ArrayList<>();

  private LoggedVolume(VolumeParts parts, Opening.Opened opened) {
    this.parts = parts;
    this.tail = opened.tail();
    this.log = opened.log();
    this.data = opened.data();
    this.state = opened.state();
    this.time = parts.time();
    this.cuts = opened.cuts();
    LogSettings settings = parts.settings();
    this.cutter = new Cutter(parts.volume(), tail, cuts, time, settings, this::sizeBytes);
    // Before anybody sends the log: what an earlier process let go of was sent, and is not there.
    if (cuts.isProtecting()) cuts.forgetBelow(log.stored().oldestLsid());
    this.retention = new Retention(parts.volume(), cuts, cutter, settings.onFull(), time);
    this.checkpointer =
        new Checkpointer(tail, log, data, retention, settings.checkpointInterval(), time);
    this.sessions = new SessionSwitch(parts, opened, cutter, checkpointer);
    this.growth = new Growth(parts.volume(), log, data, checkpointer);
    this.reads = new VolumeReads(parts.volume(), tail, data, time);
  }

  /**
   * Makes the log of a new volume on an existing log device, and forgets whatever was there. Data
   * and log device are there already.
   *
   * @param sizeBytes of the volume, a multiple of 4096
   */
  public static void format(VolumeParts parts, long sizeBytes) throws IOException {
    try (BlockDevice device = parts.devices().openAlone(parts.logPath(), Caching.DIRECT)) {
      LogLayout layout = LogLayout.forDevice(LogRing.BLOCK_BYTES, device.sizeBytes());
      long needed = (long) LogRing.RING_TAILS_MIN * parts.settings().tailBlocks();
      if (layout.ringBlocks() < needed) {
        throw new IOException(
            "%s has room for a log of %d blocks, with a tail of %d KiB it needs %d: make it larger, or the tail smaller"
                .formatted(
                    device, layout.ringBlocks(), parts.settings().tailBytes() >> 10, needed));
      }
      SuperSector sector =
          SuperSector.format(
              layout,
              parts.time().random().nextInt(),
              Opening.newSession(parts),
              parts.volume().substring(0, Math.min(31, parts.volume().length())),
              0,
              sizeBytes / LogLayout.SECTOR_BYTES);
      LogDevice.format(device, sector);
      Cuts.create(parts.directory(), sector.uuid(), sector.oldestLsid());
    }
  }

  /** As {@link Opening} tells; the volume is served when this returns. */
  public static LoggedVolume open(VolumeParts parts, boolean lossAccepted) throws IOException {
    LoggedVolume volume = new LoggedVolume(parts, Opening.open(parts, lossAccepted));
    volume.begin("log-writer", new LogWriter(volume.tail, volume.log, volume.cutter));
    volume.begin("applier", new Applier(volume.tail, volume.data));
    volume.begin("checkpointer", volume.checkpointer);
    volume.begin("cutter", volume.cutter);
    return volume;
  }

  private void begin(String name, Runnable body) {
    threads.add(time.forkPlatform(parts.volume() + "/" + name, body));
  }

  /**
   * Stops cleanly: everything is on the data device, durable, and the tail is given back. Requests
   * that come from now on are answered with an error.
   *
   * @throws IOException where a device had failed before; then the next start finds out
   */
  public void stop() throws IOException, InterruptedException {
    sessionLock.lockInterruptibly();
    try {
      stopAlone();
    } finally {
      sessionLock.unlock();
    }
  }

  private void stopAlone() throws IOException, InterruptedException {
    tail.stop();
    checkpointer.stop();
    cutter.stop();
    for (Thread thread : threads) thread.join();
    cutter.finish();
    checkpointer.checkpoint();
    cuts.close();
    Optional<IOException> failure = tail.failure();
    try (log;
        data) {
      if (failure.isPresent())
        throw new IOException(
            parts.volume() + " was not stopped cleanly: " + failure.get().getMessage(),
            failure.get());
      Opening.states(parts).publish(state.asClosed());
      parts.memories().delete(state.tail());
    }
  }

  /** What failed, if a device did. */
  public Optional<IOException> failure() {
    return tail.failure();
  }

  /** Where the log stands, in blocks of 4 KiB. */
  public LogPosition position() {
    return tail.position();
  }

  /** Whether clients write faster than the log's device takes it, or did a moment ago. */
  public boolean isPressed() {
    return tail.pressure().isOn();
  }

  /** Reads stretches of the log, while it is written. */
  public LogExtract extract() {
    return new LogExtract(log, tail::position);
  }

  /** The volume as a backup reads it, after a cut was made for that. */
  public BlockDevice liveImage() {
    return new LiveImage(this, reads, tail, data.alignmentBytes());
  }

  // ---- cuts and sessions (rules M1, M2)

  /**
   * A snapshot of everything that was acknowledged before; durable when it returns.
   *
   * @param operation that asks for it: asked again, it gets the one that it has (rule K3)
   * @throws RefusedException not-protected where no archive follows the log
   */
  public Cut snapshot(Optional<String> label, Optional<String> operation)
      throws RefusedException, IOException, InterruptedException {
    sessionLock.lockInterruptibly();
    try {
      Optional<Cut> known = operation.flatMap(cuts::madeBy);
      return known.isPresent() ? known.get() : cutter.cut(true, label, operation);
    } finally {
      sessionLock.unlock();
    }
  }

  /** As {@link #snapshot}, for a transfer or a backup: it may be merged away. */
  public Cut cut() throws RefusedException, IOException, InterruptedException {
    sessionLock.lockInterruptibly();
    try {
      return cutter.cut(false, Optional.empty(), Optional.empty());
    } finally {
      sessionLock.unlock();
    }
  }

  /** What whoever sends the log needs to know of its cuts. */
  public CutFeed feed() {
    return new CutFeed(cuts, cutter, tail);
  }

  /**
   * Begins a session that an archive is going to follow, while clients go on; durable when it
   * returns. The same again changes nothing.
   *
   * @param number greater than that of every session before
   * @param firstGid greater than every gid before; that of the cut at the session's begin
   */
  public Session openSession(int number, SessionUuid uuid, long firstGid)
      throws RefusedException, IOException, InterruptedException {
    return begin(number, uuid, Optional.of(firstGid));
  }

  /** Begins a local session: what the log has is given up, nobody follows it any more. */
  public Session reset() throws RefusedException, IOException, InterruptedException {
    return begin(cuts.session().number() + 1, Opening.newSession(parts), Optional.empty());
  }

  private Session begin(int number, SessionUuid uuid, Optional<Long> firstGid)
      throws RefusedException, IOException, InterruptedException {
    sessionLock.lockInterruptibly();
    try {
      return sessions.open(number, uuid, firstGid);
    } finally {
      sessionLock.unlock();
    }
  }

  /** The session that is, its cuts, and whether it was given up. */
  public LogHistory history() {
    return cuts.history();
  }

  /** Log below that lsid was sent: it is not needed any more (rule L4). */
  public void release(long lsid) {
    retention.release(lsid);
    tail.gates().room().open();
  }

  /** From now on the log is kept like this. */
  public void keepLog(Duration cutInterval, OnLogFull onFull) {
    cutter.every(cutInterval);
    retention.onFull(onFull);
    tail.gates().room().open();
  }

  // ---- size (rule L9)

  /**
   * Makes the file under the volume at least so long; the volume's size stays as it is.
   *
   * @throws RefusedException unsupported where that cannot be
   */
  public void lengthenData(long bytes) throws RefusedException, IOException {
    growth.lengthenData(bytes);
  }

  /**
   * Makes the volume so large while clients go on, by zeroes; durable when it returns. The size
   * that it has changes nothing.
   *
   * @param newSizeBytes a multiple of 4096
   * @throws RefusedException would-shrink, or too-small where the data device is shorter than that
   */
  public void resize(long newSizeBytes) throws RefusedException, IOException, InterruptedException {
    resizing.lockInterruptibly();
    try {
      // A block device may take long to zero, so cuts are made meanwhile.
      growth.clear(newSizeBytes);
      boolean grows = newSizeBytes > sizeBytes();
      recordSize(newSizeBytes);
      cutAtSize(grows);
    } finally {
      resizing.unlock();
    }
  }

  /** Nobody may write for long: without it all that is restorable would have the old size. */
  private void cutAtSize(boolean grew) throws IOException, InterruptedException {
    boolean isTold =
        cuts.newest().flatMap(Cut::volumeBytes).map(its -> its == sizeBytes()).orElse(!grew);
    if (isTold || !cuts.isProtecting()) return;
    try {
      cut();
    } catch (RefusedException e) {
      // Its log was given up meanwhile, or it stops: nobody waits for a point of it.
    }
  }

  private void recordSize(long newSizeBytes) throws IOException, InterruptedException {
    sessionLock.lockInterruptibly();
    try {
      growth.record(newSizeBytes);
    } finally {
      sessionLock.unlock();
    }
  }

  // ---- Export

  @Override
  public String name() {
    return parts.volume();
  }

  @Override
  public String description() {
    return "Backstay volume " + parts.volume();
  }

  @Override
  public long sizeBytes() {
    return growth.sizeBytes();
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public int blockBytesMin() {
    return LogLayout.SECTOR_BYTES;
  }

  @Override
  public int read(long offset, ByteBuffer into, Answer answer) {
    return reads.read(offset, into, answer);
  }

  @Override
  public int write(
      long offset, List<ByteBuffer> bytes, int lengthBytes, boolean durable, Answer answer) {
    return tail.append(Request.write(offset, lengthBytes, bytes, durable, answer));
  }

  @Override
  public int flush(Answer answer) {
    return tail.flush(Long.MAX_VALUE, answer);
  }

  @Override
  public int trim(long offset, long lengthBytes, boolean durable, Answer answer) {
    return tail.append(Request.discard(offset, lengthBytes, durable, answer));
  }

  @Override
  public int zeroes(
      long offset,
      long lengthBytes,
      boolean keepSpace,
      boolean onlyIfFast,
      boolean durable,
      Answer answer) {
    if (!keepSpace) return tail.append(Request.discard(offset, lengthBytes, durable, answer));
    if (onlyIfFast) return Errno.ENOTSUP;
    // The log knows no zeroes that keep their space; so they are written.
    List<ByteBuffer> zeroes = new ArrayList<>();
    for (long left = lengthBytes; left > 0; left -= ZERO_BYTES)
      zeroes.add(ZEROES.slice(0, (int) Math.min(ZERO_BYTES, left)));
    return tail.append(Request.write(offset, lengthBytes, zeroes, durable, answer));
  }

  @Override
  public int extents(long offset, long lengthBytes, Extents into, Answer answer) {
    reads.extents(offset, lengthBytes, into);
    return DONE;
  }
}
