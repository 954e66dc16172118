package io.backstay.sim.log;

import io.backstay.model.Cut;
import io.backstay.sim.Violation;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.PackHeader;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The log of a session as far as somebody has read it, from its first cut on: which moments of the
 * volume that may be, and what it makes of the image at the first cut.
 *
 * <p>The log holds what was asked for, in that order and nothing else, but for what a death or loss
 * of power took from the end of a life. So of all moments at which it may stand few are left after
 * a record or two, mostly one.
 */
final class LogRow {
  /** So many are not compared with the image: the log said nothing yet. */
  private static final int STATES_MAX = 16;

  /** From one moment to another. */
  private record State(long origin, long moment) {}

  private final VolumeHistory history;
  private Set<State> states = new LinkedHashSet<>();
  private final BitSet changed = new BitSet();
  private final long[] contents;

  /** Begins at one of these moments, both ends included. */
  LogRow(VolumeHistory history, long first, long last) {
    this.history = history;
    this.contents = new long[history.sectorsMax()];
    for (long m = first; m <= last; m++) states.add(new State(m, m));
  }

  private LogRow(LogRow other) {
    this.history = other.history;
    this.contents = other.contents.clone();
    this.changed.or(other.changed);
    this.states = new LinkedHashSet<>(other.states);
  }

  LogRow copy() {
    return new LogRow(this);
  }

  /** The next pack. */
  void pack(PackHeader pack, ByteBuffer data) {
    for (LogRecord record : pack.records()) {
      switch (record.kind()) {
        case NORMAL -> {
          int block = (int) (pack.lsidOf(record) - pack.lsid() - 1);
          take(pack, record, Optional.of(data.slice(block * 4096, record.dataBytes())));
        }
        case DISCARD -> take(pack, record, Optional.empty());
        case PADDING -> {}
      }
    }
  }

  private void take(PackHeader pack, LogRecord record, Optional<ByteBuffer> bytes) {
    int from = (int) record.offsetSectors();
    int to = from + (int) record.sizeSectors();
    Set<State> next = new LinkedHashSet<>();
    for (State state : states) {
      for (long moment : history.continuations(state.moment))
        history
            .after(moment, from, to, bytes)
            .ifPresent(after -> next.add(new State(state.origin, after)));
    }
    if (next.isEmpty())
      throw new Violation(
          "2",
          "the log has %s in the pack at %d, which nobody asked for after %s"
              .formatted(record, pack.lsid(), told()));
    states = next;
    changed.set(from, to);
    for (int s = from; s < to; s++) {
      int sector = s - from;
      contents[s] = bytes.map(b -> VolumeHistory.numberIn(b, sector, from + sector)).orElse(0L);
    }
  }

  /**
   * Here is a cut: what was read must be the volume at one of these moments, and at that time
   * (rules M1, M4).
   */
  void at(Cut cut, long floor, long ceiling, OptionalLong nanos) {
    Set<State> fitting = new LinkedHashSet<>();
    for (State state : states) {
      if (isWithin(state, floor, ceiling, nanos)) fitting.add(state);
    }
    if (fitting.isEmpty())
      throw new Violation(
          "3",
          "%s is not the volume as it was between moments %d and %d: the log has it up to %s; %s"
              .formatted(cut, floor, ceiling, told(), whyNot(floor, ceiling, nanos)));
    states = fitting;
  }

  private boolean isWithin(State state, long floor, long ceiling, OptionalLong nanos) {
    return history.continuations(state.moment).stream()
        .anyMatch(m ->
            m >= floor
                && m <= ceiling
                && (nanos.isEmpty() || history.fits(m, nanos.getAsLong()))
                && isImage(state.origin, m));
  }

  private boolean isImage(long origin, long moment) {
    return states.size() > STATES_MAX || difference(origin, moment) < 0;
  }

  /** The first sector in which the image at the origin with what was read differs, or -1. */
  private int difference(long origin, long moment) {
    long[] first = history.imageAt(origin);
    long[] last = history.imageAt(moment);
    for (int s = 0; s < last.length; s++) {
      if ((changed.get(s) ? contents[s] : first[s]) != last[s]) return s;
    }
    return -1;
  }

  private String whyNot(long floor, long ceiling, OptionalLong nanos) {
    StringBuilder why = new StringBuilder();
    for (State state : states) {
      for (long m : history.continuations(state.moment)) {
        if (m < floor || m > ceiling || why.length() > 500) continue;
        boolean fits = nanos.isEmpty() || history.fits(m, nanos.getAsLong());
        why.append(
            "at %d the first other sector is %d, the time fits: %s; "
                .formatted(m, difference(state.origin, m), fits));
      }
    }
    return why.isEmpty() ? "which is none of them" : why.toString();
  }

  private String told() {
    return states.stream()
        .limit(8)
        .map(state -> state.origin + ".." + state.moment)
        .collect(Collectors.joining(", "));
  }
}
