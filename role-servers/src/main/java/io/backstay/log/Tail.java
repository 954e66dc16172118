package io.backstay.log;

import io.backstay.nbd.Export;
import io.backstay.nbd.Export.Answer;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

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
  private static final int EIO = 5;

  /** Most blocks of one batch: a flush that comes while it is written waits for no more. */
  private static final int BATCH_BLOCKS = 4 * LogRing.PACK_BLOCKS_MAX;

  /** How eagerly the log is to be written. */
  enum Demand {
    NONE,
    /** Nobody waits: it may wait for company. */
    SOON,
    NOW
  }

  /** Somebody who waits until the entries below a number are durable. */
  private record FlushWaiter(long number, Answer answer) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final TailMemory memory;
  private final LogRing ring;
  private final Time time;
  private final Overlay overlay = new Overlay();
  private final Entry[] entries;
  private final int recordBytesMax;
  private final PackQueue packs = new PackQueue();
  private final ArrayDeque<FlushWaiter> flushWaiters = new ArrayDeque<>();
  private final ArrayDeque<Request> waiting = new ArrayDeque<>();

  /** Opened when there is more to write to the log. */
  private final Gate logWork;

  /** Opened when there is more to apply. */
  private final Gate applyWork;

  /** Opened when requests wait for room in the ring. */
  private final Gate roomWanted;

  private long next;
  private long durable;
  private long applied;
  private long durableLsid;
  private boolean ringFull;
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
    this.entries = new Entry[memory.blocks()];
    this.next = first;
    this.durable = first;
    this.applied = first;
    this.durableLsid = ring.latest();
    this.logWork = time.gate();
    this.applyWork = time.gate();
    this.roomWanted = time.gate();
  }

  /**
   * Takes up what a dead process left (rule L2): it is all on the log device and durable by now,
   * but maybe not applied.
   */
  void adopt(List<Entry> found) {
    lock.lock();
    try {
      for (Entry entry : found) {
        entries[slot(entry.number())] = entry;
        if (entry.kind() != Entry.Kind.PADDING) overlay.put(entry);
      }
      applied = found.isEmpty() ? next : found.getFirst().number();
    } finally {
      lock.unlock();
    }
    applyWork.open();
  }

  // ---- clients

  /**
   * Appends a request, or lets it wait for room.
   *
   * @return DONE, LATER or an errno
   */
  int append(Request request) {
    lock.lock();
    try {
      if (failure.isPresent() || stopping) return EIO;
      if (waiting.isEmpty() && appendAll(request)) return answerNow(request);
      waiting.add(request);
      return Export.LATER;
    } finally {
      lock.unlock();
    }
  }

  private int answerNow(Request request) {
    if (!request.durable()) return Export.DONE;
    awaitDurable(request.answer());
    return Export.LATER;
  }

  /** Everything that was appended is durable when it is done (rule L3). */
  int flush(Answer answer) {
    lock.lock();
    try {
      if (failure.isPresent()) return EIO;
      if (durable == next) return Export.DONE;
      awaitDurable(answer);
      return Export.LATER;
    } finally {
      lock.unlock();
    }
  }

  private void awaitDurable(Answer answer) {
    boolean first = flushWaiters.isEmpty();
    flushWaiters.add(new FlushWaiter(next, answer));
    if (first) logWork.open();
  }

  /** False where there is no room for all of it; what was appended stays appended. */
  private boolean appendAll(Request request) {
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
      if (!ringFull) roomWanted.open();
      ringFull = true;
      return false;
    }
    if (end - firstLsid() > memory.blocks() || next + 2 - applied > memory.blocks()) {
      logWork.open();
      return false;
    }
    boolean first = packs.isEmpty();
    if (place.newPack()) packs.begin(time.now());
    if (place.paddingBlocks() > 0) commitPadding(place);
    Entry entry =
        new Entry(next, request.kind(), request.nextOffset(), length, place.lsid(), place.pack());
    int checksum =
        discard ? 0 : memory.copyIn(place.lsid(), request.nextData((int) length), (int) length);
    commit(entry, checksum);
    overlay.put(entry);
    ring.take(place, blocks);
    request.advance(length);
    if (first || isMuch()) logWork.open();
    return true;
  }

  /** Whether so much is not durable that the log is written although nobody waits. */
  private boolean isMuch() {
    return ring.latest() - durableLsid > memory.blocks() / 4;
  }

  private void commitPadding(LogRing.Place place) {
    long bytes = (long) place.paddingBlocks() * LogRing.BLOCK_BYTES;
    commit(new Entry(next, Entry.Kind.PADDING, 0, bytes, place.paddingLsid(), place.pack()), 0);
  }

  private void commit(Entry entry, int checksum) {
    memory.commit(entry, checksum);
    entries[slot(entry.number())] = entry;
    packs.add(entry);
    next++;
  }

  /** First block of memory that is still needed: the header of the oldest entry's pack. */
  private long firstLsid() {
    return applied == next ? ring.latest() : entries[slot(applied)].pack();
  }

  private int slot(long number) {
    return (int) (number % entries.length);
  }

  /** As {@link Overlay#read}; what is missing is on the data device, as new as a reader may ask. */
  List<Gaps.Gap> read(long offset, ByteBuffer into) {
    lock.lock();
    try {
      return overlay.read(offset, into, memory);
    } finally {
      lock.unlock();
    }
  }

  /** Tells the pieces of a range that the tail has, for those who ask what is zero. */
  void pieces(long start, long end, Overlay.Pieces into) {
    lock.lock();
    try {
      overlay.pieces(start, end, into);
    } finally {
      lock.unlock();
    }
  }

  // ---- the log writer

  Gate logWork() {
    return logWork;
  }

  Demand demand() {
    lock.lock();
    try {
      if (failure.isPresent() || packs.isEmpty()) return Demand.NONE;
      return stopping || isMuch() || !flushWaiters.isEmpty() || !waiting.isEmpty()
          ? Demand.NOW
          : Demand.SOON;
    } finally {
      lock.unlock();
    }
  }

  /** The next packs, in order; no record is added to them any more. */
  Optional<PackQueue.Batch> take() {
    lock.lock();
    try {
      packs.close();
      ring.closePack();
      return packs.take(BATCH_BLOCKS);
    } finally {
      lock.unlock();
    }
  }

  /** The batch is on the device and flushed. */
  void durable(PackQueue.Batch batch) {
    List<Answer> answers = new ArrayList<>();
    lock.lock();
    try {
      durable = batch.endNumber();
      durableLsid = batch.endLsid();
      memory.durable(durable);
      if (durableLsid - ring.written() > ring.capacityBlocks() / 2) roomWanted.open();
      while (!flushWaiters.isEmpty() && flushWaiters.peek().number() <= durable)
        answers.add(flushWaiters.poll().answer());
    } finally {
      lock.unlock();
    }
    applyWork.open();
    for (Answer answer : answers) answer.done(Export.DONE);
  }

  // ---- the applier

  Gate applyWork() {
    return applyWork;
  }

  /** The next entries that are durable and not applied; empty where there are none. */
  List<Entry> toApply(int entriesMax, long bytesMax) {
    lock.lock();
    try {
      List<Entry> some = new ArrayList<>();
      long bytes = 0;
      for (long number = applied;
          number < durable && some.size() < entriesMax && bytes < bytesMax && failure.isEmpty();
          number++) {
        Entry entry = entries[slot(number)];
        some.add(entry);
        if (entry.kind() == Entry.Kind.WRITE) bytes += entry.lengthBytes();
      }
      return some;
    } finally {
      lock.unlock();
    }
  }

  TailMemory memory() {
    return memory;
  }

  /** These are on the data device, where the next read finds them. */
  void applied(List<Entry> done) {
    lock.lock();
    try {
      for (Entry entry : done) {
        if (entry.kind() != Entry.Kind.PADDING) overlay.remove(entry);
        entries[slot(entry.number())] = null;
      }
      applied = done.getLast().number() + 1;
      memory.applied(applied);
    } finally {
      lock.unlock();
    }
    letIn();
  }

  // ---- the checkpointer

  Gate roomWanted() {
    return roomWanted;
  }

  /** Below it all log is applied; the begin of a pack. */
  long appliedLsid() {
    lock.lock();
    try {
      return firstLsid();
    } finally {
      lock.unlock();
    }
  }

  /** The super sector holds these now. */
  void released(long oldest, long written) {
    lock.lock();
    try {
      ring.release(oldest, written);
      ringFull = false;
    } finally {
      lock.unlock();
    }
    letIn();
  }

  /** Appends those who waited for room, as far as there is some. */
  private void letIn() {
    List<Answer> answers = new ArrayList<>();
    lock.lock();
    try {
      while (!waiting.isEmpty() && failure.isEmpty() && appendAll(waiting.peek())) {
        Request request = waiting.poll();
        if (request.durable()) awaitDurable(request.answer());
        else answers.add(request.answer());
      }
    } finally {
      lock.unlock();
    }
    for (Answer answer : answers) answer.done(Export.DONE);
  }

  // ---- all

  /** Nothing is appended any more; what is here becomes durable and applied. */
  void stop() {
    lock.lock();
    try {
      stopping = true;
    } finally {
      lock.unlock();
    }
    logWork.open();
    applyWork.open();
  }

  /** Nothing more is to be written to the log, now or later. */
  boolean isStoppedAndWritten() {
    lock.lock();
    try {
      boolean written = durable == next && waiting.isEmpty();
      return failure.isPresent() || stopping && written;
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more is to be applied, now or later. */
  boolean isStoppedAndApplied() {
    lock.lock();
    try {
      boolean all = applied == next && waiting.isEmpty();
      return failure.isPresent() || stopping && all;
    } finally {
      lock.unlock();
    }
  }

  /** A device failed: nothing moves any more, and the next process knows why. */
  void fail(TailMemory.Doubt doubt, IOException cause) {
    List<Answer> answers = new ArrayList<>();
    lock.lock();
    try {
      if (failure.isPresent()) return;
      failure = Optional.of(cause);
      memory.doubt(doubt);
      for (FlushWaiter waiter : flushWaiters) answers.add(waiter.answer());
      for (Request request : waiting) answers.add(request.answer());
      flushWaiters.clear();
      waiting.clear();
    } finally {
      lock.unlock();
    }
    for (Answer answer : answers) answer.done(EIO);
  }

  Optional<IOException> failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  LogPosition position() {
    lock.lock();
    try {
      return new LogPosition(
          ring.oldest(),
          ring.written(),
          durableLsid,
          ring.latest(),
          ring.capacityBlocks(),
          ringFull);
    } finally {
      lock.unlock();
    }
  }
}
