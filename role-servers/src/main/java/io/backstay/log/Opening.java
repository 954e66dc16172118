package io.backstay.log;

import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Devices.Caching;
import io.backstay.seam.SharedMemory;
import io.backstay.volume.MetadataFile;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.SuperSector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a volume comes back, whatever happened to the process and machine that had it (rules L2, L5).
 *
 * <pre>
 *   closed cleanly ---------------------------------------------------------------> new tail
 *   same life of the machine, tail there:  complete the log from the tail, adopt it
 *   same life of the machine, tail gone:   refuse, until the loss is accepted ----> as after power
 *   another life of the machine:  redo from the stored written, checkpoint,
 *                                 clear what a lost future may have left ----------> new tail
 * </pre>
 */
final class Opening {
  private static final Logger LOG = LoggerFactory.getLogger(Opening.class);

  private final VolumeParts parts;
  private final LogDevice log;
  private final BlockDevice data;
  private final Cuts cuts;
  private final MetadataFile<LogState> states;

  private Opening(VolumeParts parts, LogDevice log, BlockDevice data) throws IOException {
    this.parts = parts;
    this.log = log;
    this.data = data;
    this.cuts = Cuts.open(parts.directory());
    this.states = states(parts);
  }

  /** A volume whose log and data are one again. */
  record Opened(Tail tail, LogDevice log, BlockDevice data, LogState state, Cuts cuts) {}

  /**
   * @param lossAccepted serve what the log has although the tail is gone
   * @throws TailMissingException where acknowledged writes may be lost and nobody accepted that
   * @throws TailDamagedException likewise
   * @throws LogTooShortException where durable log is gone and nobody accepted that
   */
  static Opened open(VolumeParts parts, boolean lossAccepted) throws IOException {
    BlockDevice logDevice = parts.devices().openAlone(parts.logPath(), Caching.DIRECT);
    try {
      LogDevice log = LogDevice.open(logDevice);
      BlockDevice data = parts.devices().openAlone(parts.dataPath(), Caching.CACHED);
      try {
        return new Opening(parts, log, data).open(lossAccepted);
      } catch (IOException | RuntimeException e) {
        data.close();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      logDevice.close();
      throw e;
    }
  }

  static MetadataFile<LogState> states(VolumeParts parts) {
    return new MetadataFile<>(parts.directory(), LoggedVolume.STATE_FILE, LogState.class);
  }

  private Opened open(boolean lossAccepted) throws IOException {
    long needed = log.stored().volumeSectors() * 512;
    if (data.sizeBytes() < needed) {
      throw new IOException(
          "%s has %d bytes, the volume %s has %d"
              .formatted(data, data.sizeBytes(), parts.volume(), needed));
    }
    Optional<LogState> before = states.load();
    if (before.isPresent() && !before.get().closed() && isThisLife(before.get())) {
      Optional<SharedMemory> memory = parts.memories().open(before.get().tail());
      if (memory.isEmpty() && !lossAccepted)
        throw new TailMissingException(parts.volume(), before.get().tail(), "which is gone");
      if (memory.isPresent()) {
        try {
          return adopt(before.get(), memory.get());
        } catch (TailDamagedException | LogTooShortException e) {
          // Nothing was changed yet but that the log has what the tail had. Who accepts a loss and
          // dies leaves an unfinished tail, too.
          if (!lossAccepted) throw e;
        }
      }
    }
    return redo(before, lossAccepted);
  }

  private boolean isThisLife(LogState state) throws IOException {
    return state.bootId().equals(parts.memories().bootId());
  }

  // ---- after the death of a process

  private Opened adopt(LogState state, SharedMemory shared) throws IOException {
    SuperSector sector = log.stored();
    if (!sector.uuid().equals(cuts.session().uuid())) {
      throw new IOException(
          "%s is of session %s, the file of cuts names %s: one of both is not of this volume, or old"
              .formatted(log, sector.uuid(), cuts.session().uuid()));
    }
    TailMemory memory = TailMemory.open(shared, sector.uuid(), sector.ringBlocks());
    TailMemory.Found found = memory.found();
    for (Entry entry : found.entries()) memory.checkData(entry);
    completeLog(memory, found);
    if (found.doubts().contains(TailMemory.Doubt.DATA)) {
      long applied =
          found.entries().isEmpty() ? found.endLsid() : found.entries().getFirst().pack();
      new Redo(log, data).run(sector.writtenLsid(), applied);
      memory.settle(TailMemory.Doubt.DATA);
    }
    memory.durable(found.next());
    new MissingCuts(parts.volume(), log, cuts, parts.settings())
        .make(found.endLsid(), parts.time().now());
    log.noteFlushes(memory);
    LogRing ring =
        new LogRing(
            sector.ringBlocks(),
            memory.blocks(),
            sector.oldestLsid(),
            sector.writtenLsid(),
            found.endLsid());
    Tail tail = new Tail(memory, ring, parts.time(), found.next());
    tail.adopt(found.entries());
    return new Opened(tail, log, data, state, cuts);
  }

  /**
   * Everything in the tail stands in the log when this returns, and is durable. A pack that stands
   * there whole is not written again, unless a flush of it failed (rules L2, L3).
   */
  private void completeLog(TailMemory memory, TailMemory.Found found) throws IOException {
    boolean doubted = found.doubts().contains(TailMemory.Doubt.LOG);
    memory.doubt(TailMemory.Doubt.LOG);
    TreeMap<Long, List<Entry>> packs = new TreeMap<>();
    for (Entry entry : found.entries())
      packs.computeIfAbsent(entry.pack(), lsid -> new ArrayList<>()).add(entry);
    Headers headers = new Headers(memory, log.stored()::salt);
    for (var pack : packs.entrySet()) {
      Entry last = pack.getValue().getLast();
      if (last.number() < found.durable()) continue;
      headers.put(pack.getKey(), pack.getValue());
      if (doubted || !stands(memory, pack.getKey(), last.endLsid()))
        LogWriter.write(memory, log, pack.getKey(), last.endLsid());
    }
    log.flush();
    if (doubted) {
      verify(memory, packs, found.durable());
      // The super sector that was read may be the one that the failed flush lost.
      log.store(log.stored());
    }
    memory.settle(TailMemory.Doubt.LOG);
  }

  private void verify(TailMemory memory, TreeMap<Long, List<Entry>> packs, long durable)
      throws IOException {
    for (var pack : packs.entrySet()) {
      Entry last = pack.getValue().getLast();
      if (last.number() >= durable && !stands(memory, pack.getKey(), last.endLsid())) {
        throw new IOException(
            "%s: the pack at lsid %d was written again after a failed flush, and reads otherwise"
                .formatted(log, pack.getKey()));
      }
    }
  }

  private boolean stands(TailMemory memory, long from, long to) throws IOException {
    ByteBuffer block = BufferPool.aligned(LogRing.BLOCK_BYTES);
    for (long lsid = from; lsid < to; lsid++) {
      log.read(lsid, block.clear());
      if (!block.flip().equals(memory.block(lsid))) return false;
    }
    return true;
  }

  // ---- after a loss of power, or a clean stop

  private Opened redo(Optional<LogState> before, boolean lossAccepted) throws IOException {
    SuperSector sector = log.stored();
    Redo redo = new Redo(log, data);
    // What is read now may stand in a cache only; nothing but durable log is applied (rule L4).
    if (before.isPresent() && !before.get().closed() && isThisLife(before.get()))
      redo.writeAgain(sector.writtenLsid());
    log.flush();
    long found = redo.run(sector.writtenLsid(), Long.MAX_VALUE);
    data.flush();
    if (lossAccepted) giveUpWhatCutsSay(found);
    SuperSector redone = redone(sector, found, lossAccepted);
    log.store(redone);
    long end = redone.writtenLsid();
    new MissingCuts(parts.volume(), log, cuts, parts.settings()).make(end, parts.time().now());
    int lost = before.map(LogState::tailBlocks).orElse(parts.settings().tailBlocks());
    log.clear(end, lost);
    if (before.isPresent() && before.get().closed()) parts.memories().delete(before.get().tail());
    boolean clean = before.isEmpty() || before.get().closed();
    Opened opened = fresh(end, clean && fits(end) ? parts.settings().tailBlocks() : lost);
    // What was in a tail of another session was given up with that.
    if (lossAccepted && before.isPresent() && !before.get().tail().equals(opened.state().tail()))
      parts.memories().delete(before.get().tail());
    return opened;
  }

  /** The log that is kept stays out of reach of a tail of that size (rule L5). */
  private boolean fits(long end) {
    SuperSector sector = log.stored();
    return end - sector.oldestLsid() <= sector.ringBlocks() - parts.settings().tailBlocks();
  }

  /**
   * A log that ends below its newest cut is not what archives have: it goes on in a local session,
   * above every lsid that was (rule M2). Durable before the super sector is of that session.
   */
  private void giveUpWhatCutsSay(long end) throws IOException {
    Session before = cuts.session();
    long newest = cuts.newest().map(Cut::lsid).orElse(0L);
    if (!cuts.isProtecting() || newest <= end) return;
    LOG.error(
        "volume {}: its log ends at lsid {}, below a cut at {}, and that loss was accepted: it is not protected until it is backed up in full",
        parts.volume(),
        end,
        newest);
    Session local = new Session(before.number() + 1, newSession(parts), Optional.empty(), newest);
    cuts.begin(local, parts.time().now());
  }

  /** Finishes what {@link SessionSwitch} or {@link #giveUpWhatCutsSay} began, if they did. */
  private SuperSector redone(SuperSector sector, long end, boolean lossAccepted)
      throws IOException {
    Session session = cuts.session();
    if (sector.uuid().equals(session.uuid()))
      return sector.withLsids(cuts.isProtecting() ? sector.oldestLsid() : end, end);
    if (session.isLocal() && session.firstLsid() > end) {
      if (!lossAccepted)
        throw new LogTooShortException(parts.volume(), log, end, session.firstLsid());
    } else if (session.firstLsid() != end) {
      throw new IOException(
          "%s ends at lsid %d, session %d begins at %d: the file of cuts is not of this log, or old"
              .formatted(log, end, session.number(), session.firstLsid()));
    }
    return SessionSwitch.sector(sector, session, parts.time());
  }

  private Opened fresh(long end, int blocks) throws IOException {
    SuperSector sector = log.stored();
    String name = "%s-%s".formatted(parts.volume(), sector.uuid());
    SharedMemory shared = parts.memories().create(name, TailMemory.sizeBytes(blocks));
    TailMemory memory = TailMemory.create(shared, blocks, sector.uuid(), end, sector.ringBlocks());
    LogState state = new LogState(name, parts.memories().bootId(), blocks, false);
    states.publish(state);
    log.noteFlushes(memory);
    LogRing ring =
        new LogRing(sector.ringBlocks(), blocks, sector.oldestLsid(), sector.writtenLsid(), end);
    return new Opened(new Tail(memory, ring, parts.time(), 0), log, data, state, cuts);
  }

  /** A new uuid or salt; no secret. */
  static SessionUuid newSession(VolumeParts parts) {
    return new SessionUuid(parts.time().random().nextLong(), parts.time().random().nextLong());
  }
}
