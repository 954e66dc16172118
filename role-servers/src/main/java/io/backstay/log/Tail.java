package io.backstay.log;

import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.nbd.Export.Answer;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The newest stretch of a volume's log: write buffer, unflushed window and read overlay in one
 * (rule L2). What every write passes through.
 *
 * <pre>
 *    applied              durable                taken               next
 *   ----|--------------------|----------------------|-----------------|----  numbers of entries
 *       | on the log device, | a batch that is      | acknowledged,   |
 *       | to be applied to   | being written and    | in memory only  |
 *       | the data device    | flushed              |                 |
 *        \_ Applier moves it  \_ LogWriter moves it  \_ LogWriter      \_ clients move it
 * </pre>
 *
 * <p>A client's request becomes entries here: each gets its place in the log ({@link LogRing}), its
 * bytes are copied to that place in memory that outlives the process ({@link TailMemory}), its
 * commit word is set, and from then on it is what readers see ({@link Overlay}). Then it is
 * acknowledged (rule L1). {@link LogWriter} makes it durable, {@link Applier} applies it, and only
 * what is both is forgotten here: so a restarted process finds every acknowledged write either here
 * or below, and log that is not durable is never on the data device (rule L4).
 *
 * <p>Where there is no room, in the memory or in the ring, requests wait in the order in which they
 * came. When the log or the data device fails, everything that waits and everything that comes is
 * answered with an error, and nothing moves any more.
 *
 * <p>One lock guards it all and is held for a copy at most. Answers are given outside of it.
 */
final class Tail {
  /** Most blocks of one batch: a flush that comes while it is written waits for no more. */
  private static final int BATCH_BLOCKS = 4 * LogRing.PACK_BLOCKS_MAX;

  private final ReentrantLock lock = new ReentrantLock();
  private final TailMemory memory;
  private final LogRing ring;
  private final Time time;
  private final Overlay overlay = new Overlay();
  private final EntryWindow entries;
  private final int recordBytesMax;
  private final PackQueue packs = new PackQueue();
  private final FlushWaiters flushWaiters = new FlushWaiters();
  private final ArrayDeque<Request> waiting = new ArrayDeque<>();
  private final Gates gates;
  private final Pressure pressure;

  private long durableLsid;
  private boolean ringFull;
  private boolean held;
  private boolean stopping;
  private Optional<IOException> failure = Optional.empty();

  /**
   * @param first number of the next entry; what is before it is durable and applied
   */
  Tail(TailMemory memory, LogRing ring, Time time, long first) {
    this.memory = memory;
    this.ring = ring;
    this.time = time;
    this.recordBytesMax = LogRing.recordBytesMax(memory.blocks());
    this.entries = new EntryWindow(memory.blocks(), first);
    this.durableLsid = ring.latest();
    this.pressure = new Pressure(time);
    this.gates = Gates.of(time);
  }

  /**
   * Takes up what a dead process left (rule L2): it is all on the log device and durable by now,
   * but maybe not applied.
   */
  void adopt(List<Entry> found) {
    locked(() -> {
      entries.adopt(found);
      for (Entry entry : found) if (entry.kind() != Entry.Kind.PADDING) overlay.put(entry);
      return true;
    });
    gates.apply().open();
  }

  Gates gates() {
    return gates;
  }

  private <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  // ---- clients

  /** Appends a request, or lets it wait for room: DONE, LATER or an errno. */
  int append(Request request) {
    return locked(() -> {
      if (failure.isPresent() || stopping) return Errno.EIO;
      boolean done = waiting.isEmpty() && appendAll(request);
      if (done && !request.durable()) return Export.DONE;
      if (done) awaitDurable(entries.next(), request.answer());
      else await(request);
      return Export.LATER;
    });
  }

  private void await(Request request) {
    waiting.add(request);
    gates.apply().open();
  }

  /** What was appended below that number is durable when it is done (rule L3). */
  int flush(long end, Answer answer) {
    return locked(() -> {
      if (failure.isPresent()) return Errno.EIO;
      long upTo = Math.min(end, entries.next());
      if (entries.durable() >= upTo) return Export.DONE;
      awaitDurable(upTo, answer);
      return Export.LATER;
    });
  }

  private void awaitDurable(long number, Answer answer) {
    boolean first = flushWaiters.isEmpty();
    flushWaiters.add(number, answer);
    if (first) gates.log().open();
  }

  /** False where there is no room for all of it; what was appended stays appended. */
  private boolean appendAll(Request request) {
    if (held) return false;
    while (request.lengthLeft() > 0) {
      if (!appendOne(request)) return false;
    }
    return true;
  }

  private boolean appendOne(Request request) {
    long length = request.nextLength(recordBytesMax);
    boolean discard = request.kind() == Entry.Kind.DISCARD;
    int blocks = discard ? 0 : LogRing.blocksFor(length);
    LogRing.Place place = ring.place(blocks);
    long end = place.lsid() + blocks;
    if (!ring.hasRoom(end)) {
      if (!ringFull) gates.room().open();
      ringFull = true;
      return false;
    }
    if (end - firstLsid() > memory.blocks() || !entries.hasRoomFor(2)) {
      gates.log().open();
      return false;
    }
    boolean first = packs.isEmpty();
    if (place.newPack()) packs.begin(time.now());
    if (place.paddingBlocks() > 0) commitPadding(place);
    Entry entry =
        new Entry(
            entries.next(),
            request.kind(),
            request.nextOffset(),
            length,
            place.lsid(),
            place.pack());
    int checksum =
        discard ? 0 : memory.copyIn(place.lsid(), request.nextData((int) length), (int) length);
    commit(entry, checksum);
    overlay.put(entry);
    ring.take(place, blocks);
    request.advance(length);
    boolean much = isMuch();
    if (much) pressure.felt();
    if (first || much) gates.log().open();
    return true;
  }

  /** Whether so much is not durable that the log is written although nobody waits. */
  private boolean isMuch() {
    return ring.latest() - durableLsid > memory.blocks() / 4;
  }

  Pressure pressure() {
    return pressure;
  }

  private void commitPadding(LogRing.Place place) {
    long bytes = (long) place.paddingBlocks() * LogRing.BLOCK_BYTES;
    commit(
        new Entry(entries.next(), Entry.Kind.PADDING, 0, bytes, place.paddingLsid(), place.pack()),
        0);
  }

  private void commit(Entry entry, int checksum) {
    memory.commit(entry, checksum);
    entries.add(entry);
    packs.add(entry);
  }

  /** First block of memory that is still needed: the header of the oldest entry's pack. */
  private long firstLsid() {
    return entries.allApplied() ? ring.latest() : entries.firstToApply().pack();
  }

  /** As {@link Overlay#read}; what is missing is on the data device, as new as a reader may ask. */
  Overlay.Found read(long offset, ByteBuffer into) {
    return locked(() -> overlay.read(offset, into, memory));
  }

  /** Tells the pieces of a range that the tail has, for those who ask what is zero. */
  void pieces(long start, long end, Overlay.Pieces into) {
    locked(() -> {
      overlay.pieces(start, end, into);
      return true;
    });
  }

  // ---- the log writer

  Demand demand() {
    return locked(() -> {
      if (failure.isPresent() || entries.allDurable()) return Demand.NONE;
      if (!flushWaiters.isEmpty()) return Demand.FLUSH;
      return stopping || isMuch() || !waiting.isEmpty() ? Demand.NOW : Demand.SOON;
    });
  }

  /** The next packs, in order; no record is added to them any more. */
  Optional<PackQueue.Batch> take() {
    return locked(() -> {
      packs.close(time.now());
      ring.closePack();
      return packs.take(BATCH_BLOCKS);
    });
  }

  /** The batch is on the device and flushed. */
  void durable(PackQueue.Batch batch) {
    long first = locked(entries::durable);
    List<Answer> answers =
        locked(() -> {
          entries.durable(batch.endNumber());
          durableLsid = batch.endLsid();
          memory.durable(batch.endNumber());
          if (position().wantsCheckpoint()) gates.room().open();
          return flushWaiters.upTo(batch.endNumber());
        });
    for (Answer answer : answers) answer.done(Export.DONE);
    // Who waits comes first. The applier sleeps only where all before these is applied.
    if (locked(entries::applied) == first || wantsApplying()) gates.apply().open();
  }

  // ---- cuts and sessions

  /** Ends the pack that is open, so that a cut may lie here. */
  Mark mark() {
    Mark mark =
        locked(() -> {
          Instant now = time.now();
          packs.close(now);
          ring.closePack();
          return new Mark(ring.latest(), now);
        });
    gates.log().open();
    return mark;
  }

  /** What comes waits, until {@link #goOn}. */
  void hold() {
    locked(() -> held = true);
    gates.apply().open();
  }

  void goOn() {
    locked(() -> held = false);
    letIn();
  }

  // ---- the applier

  /** Whether somebody waits for it, or so much is to be applied that it is gathered no longer. */
  boolean wantsApplying() {
    return locked(() ->
        (stopping || held || failure.isPresent() || !waiting.isEmpty())
            || durableLsid - firstLsid() > memory.blocks() / 8);
  }

  /** The next entries that are durable and not applied; empty where there are none. */
  List<Entry> toApply(int entriesMax, long bytesMax) {
    return locked(() -> failure.isPresent() ? List.of() : entries.toApply(entriesMax, bytesMax));
  }

  TailMemory memory() {
    return memory;
  }

  /** These are on the data device, where the next read finds them. */
  void applied(List<Entry> done) {
    locked(() -> {
      for (Entry entry : done) if (entry.kind() != Entry.Kind.PADDING) overlay.remove(entry);
      entries.applied(done);
      memory.applied(entries.applied());
      return true;
    });
    letIn();
  }

  // ---- the checkpointer

  /** Below it all log is applied; the begin of a pack. */
  long appliedLsid() {
    return locked(() -> firstLsid());
  }

  /** The super sector holds these now. */
  void released(long oldest, long written) {
    locked(() -> {
      ring.release(oldest, written);
      return ringFull = false;
    });
    letIn();
  }

  /** Appends those who waited for room, as far as there is some. */
  private void letIn() {
    List<Answer> answers =
        locked(() -> {
          List<Answer> done = new ArrayList<>();
          while (!waiting.isEmpty() && failure.isEmpty() && appendAll(waiting.peek())) {
            Request request = waiting.poll();
            if (request.durable()) awaitDurable(entries.next(), request.answer());
            else done.add(request.answer());
          }
          return done;
        });
    for (Answer answer : answers) answer.done(Export.DONE);
  }

  // ---- all

  /** Nothing is appended any more, nor what waits; what is here becomes durable and applied. */
  void stop() {
    List<Answer> answers =
        locked(() -> {
          stopping = true;
          return takeWaiting();
        });
    gates.log().open();
    gates.apply().open();
    for (Answer answer : answers) answer.done(Errno.EIO);
  }

  private List<Answer> takeWaiting() {
    List<Answer> all = new ArrayList<>(waiting.stream().map(Request::answer).toList());
    waiting.clear();
    return all;
  }

  /** Nothing more is to be written to the log, now or later. */
  boolean isStoppedAndWritten() {
    return locked(() -> failure.isPresent() || stopping && entries.allDurable());
  }

  /** Nothing more is to be applied, now or later. */
  boolean isStoppedAndApplied() {
    return locked(() -> failure.isPresent() || stopping && entries.allApplied());
  }

  /** A device failed: nothing moves any more. */
  void fail(IOException cause) {
    List<Answer> answers =
        locked(() -> {
          List<Answer> all = flushWaiters.upTo(Long.MAX_VALUE);
          all.addAll(takeWaiting());
          if (failure.isEmpty()) failure = Optional.of(cause);
          return all;
        });
    gates.apply().open();
    for (Answer answer : answers) answer.done(Errno.EIO);
  }

  Optional<IOException> failure() {
    return locked(() -> failure);
  }

  LogPosition position() {
    return locked(() -> ring.position(durableLsid, ringFull));
  }
}
