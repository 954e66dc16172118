package io.backstay.inspect;

import java.util.ArrayList;
import java.util.List;

/** What is wrong: all of it counted, the first of it told. */
final class Findings {
  private static final int TOLD_MAX = 1000;
  private final List<Finding> told = new ArrayList<>();
  private long count;

  void add(long offsetBytes, Long lsid, String found) {
    count++;
    if (told.size() < TOLD_MAX) told.add(new Finding(offsetBytes, lsid, found));
  }

  long count() {
    return count;
  }

  List<Finding> told() {
    return List.copyOf(told);
  }
}
