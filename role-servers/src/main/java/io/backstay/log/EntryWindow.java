package io.backstay.log;

import java.util.ArrayList;
import java.util.List;

/**
 * The entries of a tail by their numbers, from the first that is not applied on. Not thread-safe:
 * {@link Tail} guards it.
 */
final class EntryWindow {
  private final Entry[] entries;
  private long next;
  private long durable;
  private long applied;

  /**
   * @param first number of the next entry; what is before it is durable and applied
   */
  EntryWindow(int entriesMax, long first) {
    this.entries = new Entry[entriesMax];
    this.next = first;
    this.durable = first;
    this.applied = first;
  }

  /** What a dead process left, all before the next one: durable, and not applied. */
  void adopt(List<Entry> found) {
    for (Entry entry : found) entries[slot(entry.number())] = entry;
    if (!found.isEmpty()) applied = found.getFirst().number();
  }

  private int slot(long number) {
    return (int) (number % entries.length);
  }

  /** Number of the next entry. */
  long next() {
    return next;
  }

  /** Number of the first entry that is not durable. */
  long durable() {
    return durable;
  }

  /** Number of the first entry that is not applied. */
  long applied() {
    return applied;
  }

  boolean allDurable() {
    return durable == next;
  }

  boolean allApplied() {
    return applied == next;
  }

  boolean hasRoomFor(int more) {
    return next + more - applied <= entries.length;
  }

  void add(Entry entry) {
    entries[slot(entry.number())] = entry;
    next++;
  }

  void durable(long end) {
    durable = end;
  }

  /** Not where all are applied. */
  Entry firstToApply() {
    return entries[slot(applied)];
  }

  /** The next that are durable and not applied; empty where there are none. */
  List<Entry> toApply(int entriesMax, long bytesMax) {
    List<Entry> some = new ArrayList<>();
    long bytes = 0;
    for (long number = applied;
        number < durable && some.size() < entriesMax && bytes < bytesMax;
        number++) {
      Entry entry = entries[slot(number)];
      some.add(entry);
      if (entry.kind() == Entry.Kind.WRITE) bytes += entry.lengthBytes();
    }
    return some;
  }

  /** The first ones: they are forgotten. */
  void applied(List<Entry> done) {
    for (Entry entry : done) entries[slot(entry.number())] = null;
    applied = done.getLast().number() + 1;
  }
}
