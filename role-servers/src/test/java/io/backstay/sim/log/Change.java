package io.backstay.sim.log;

/** A write or discard of sectors {@code from .. to - 1}. */
final class Change {
  final long number;
  final int from;
  final int to;
  final boolean zero;

  /** Moment before its first sector. */
  final long before;

  final long askedNanos;
  long acknowledgedNanos = Long.MAX_VALUE;
  boolean acknowledged;
  boolean lost;

  Change(long number, int from, int to, boolean zero, long before, long askedNanos) {
    this.number = number;
    this.from = from;
    this.to = to;
    this.zero = zero;
    this.before = before;
    this.askedNanos = askedNanos;
  }

  long at(int sector) {
    return before + sector - from + 1;
  }

  long end() {
    return before + to - from;
  }

  long found() {
    return zero ? 0 : number;
  }

  @Override
  public String toString() {
    return "%s %d of sectors %d..%d".formatted(zero ? "discard" : "write", number, from, to - 1);
  }
}
