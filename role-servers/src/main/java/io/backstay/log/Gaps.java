package io.backstay.log;

import java.util.ArrayList;
import java.util.List;

/** What is missing of a range, gathered while the pieces that are there come in order. */
final class Gaps {
  /** From the first byte on the volume to the one behind the last. */
  record Gap(long start, long end) {
    int lengthBytes() {
      return (int) (end - start);
    }
  }

  private final long end;
  private final List<Gap> found = new ArrayList<>(1);
  private long at;

  Gaps(long start, long end) {
    this.at = start;
    this.end = end;
  }

  void covered(long from, long to) {
    if (from > at) found.add(new Gap(at, from));
    at = to;
  }

  List<Gap> rest() {
    if (at < end) found.add(new Gap(at, end));
    return found;
  }
}
