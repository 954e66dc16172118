package io.backstay.log;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Entries on their way to the log device, in packs. Not thread-safe: {@link Tail} guards it. */
final class PackQueue {
  /**
   * A pack that takes no more records.
   *
   * @param firstWrite when its first record came
   * @param closed what came later is in another pack
   */
  record Pack(long lsid, long endLsid, List<Entry> entries, Instant firstWrite, Instant closed) {}

  /**
   * Packs to be written and flushed together.
   *
   * @param endNumber number of the entry behind the last
   */
  record Batch(List<Pack> packs, long lsid, long endLsid, long endNumber) {}

  private final ArrayDeque<Pack> closed = new ArrayDeque<>();
  private List<Entry> open = new ArrayList<>();
  private Instant openSince = Instant.EPOCH;

  /** The next entry begins a pack. */
  void begin(Instant now) {
    close(now);
    openSince = now;
  }

  void add(Entry entry) {
    open.add(entry);
  }

  /** The open pack takes no more. */
  void close(Instant now) {
    if (open.isEmpty()) return;
    Entry last = open.getLast();
    closed.add(new Pack(last.pack(), last.endLsid(), open, openSince, now));
    open = new ArrayList<>();
  }

  boolean isEmpty() {
    return open.isEmpty() && closed.isEmpty();
  }

  /**
   * The first closed packs, at least one of them; empty where there is none.
   *
   * @param blocksMax of all together, unless the first one has more
   */
  Optional<Batch> take(int blocksMax) {
    if (closed.isEmpty()) return Optional.empty();
    List<Pack> packs = new ArrayList<>();
    packs.add(closed.poll());
    long begin = packs.getFirst().lsid();
    while (!closed.isEmpty() && closed.peek().endLsid() - begin <= blocksMax)
      packs.add(closed.poll());
    Pack last = packs.getLast();
    return Optional.of(
        new Batch(packs, begin, last.endLsid(), last.entries().getLast().number() + 1));
  }
}
