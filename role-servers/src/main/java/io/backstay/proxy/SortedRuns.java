package io.backstay.proxy;

import io.backstay.diff.DiffInput;
import io.backstay.diff.DiffMerge;
import io.backstay.diff.DiffSource;
import io.backstay.diff.SortedDiffReader;
import io.backstay.proxy.IntervalConverter.Converted;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Parts of one interval, oldest first, each a sorted wdiff without a name beside those of the
 * spool. They go when this is closed; those of a process that died, when the spool is opened.
 */
final class SortedRuns implements AutoCloseable {
  private final List<Converted> runs = new ArrayList<>();

  boolean isEmpty() {
    return runs.isEmpty();
  }

  /** Adds one that is newer than all others. */
  void add(Converted run) {
    runs.add(run);
  }

  /** All of them as one: to be closed before this. */
  DiffMerge merged() throws IOException {
    List<DiffSource> sources = new ArrayList<>();
    try {
      for (Converted run : runs)
        sources.add(
            new SortedDiffReader(
                DiffInput.of("a part of an interval", run.draft().open(), run.sidecar())));
    } catch (IOException e) {
      for (DiffSource source : sources) source.close();
      throw e;
    }
    return new DiffMerge(sources);
  }

  @Override
  public void close() throws IOException {
    for (Converted run : runs) run.close();
  }
}
