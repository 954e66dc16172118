package io.backstay.convert;

import io.backstay.diff.DiffInput;
import io.backstay.diff.DiffMerge;
import io.backstay.diff.DiffSource;
import io.backstay.diff.SortedDiffReader;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import io.backstay.wlog.SessionUuid;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Sorted wdiffs that wait in files without a name until all of them are merged, oldest first. Of
 * those that were merged equally often there are never {@link #MERGED_AT_ONCE}: they become one. So
 * few are open and each byte is written a few times, however many there are.
 */
final class Runs implements Closeable {
  static final int MERGED_AT_ONCE = 64;

  private final NewFile beside;
  private final DiffForm form;
  private final SessionUuid uuid;

  /** The newest last; none was merged less often than one behind it. */
  private final Deque<Run> runs = new ArrayDeque<>();

  private record Run(BlockDevice file, int merged) {}

  /** What goes into a run. */
  interface Content {
    void writeTo(SortedDiffWriter out) throws IOException, RefusedException;
  }

  Runs(NewFile beside, DiffForm form, SessionUuid uuid) {
    this.beside = beside;
    this.form = form;
    this.uuid = uuid;
  }

  boolean isEmpty() {
    return runs.isEmpty();
  }

  /** Adds one that is newer than all others. */
  void add(Content content) throws IOException, RefusedException {
    add(content, 0);
    while (newestAlike() == MERGED_AT_ONCE) {
      List<Run> alike = takeNewest(MERGED_AT_ONCE);
      try (DiffMerge merge = merge(alike)) {
        add(merge::writeTo, alike.getFirst().merged + 1);
      }
    }
  }

  private void add(Content content, int merged) throws IOException, RefusedException {
    BlockDevice file = beside.longSpool();
    runs.addLast(new Run(file, merged));
    try (BehindOutput output = form.files().append(file);
        SortedDiffWriter writer = form.sorted(output, uuid)) {
      content.writeTo(writer);
      writer.finish();
      output.finish();
    }
  }

  private int newestAlike() {
    int alike = 0;
    for (Run run : runs.reversed()) {
      if (run.merged != runs.getLast().merged) break;
      alike++;
    }
    return alike;
  }

  private List<Run> takeNewest(int count) {
    Deque<Run> newest = new ArrayDeque<>();
    while (newest.size() < count) newest.addFirst(runs.removeLast());
    return List.copyOf(newest);
  }

  /** All of them as one; closes their files when it is closed. */
  DiffMerge merged() throws IOException {
    return merge(takeNewest(runs.size()));
  }

  private DiffMerge merge(List<Run> oldestFirst) throws IOException {
    List<DiffSource> sources = new ArrayList<>();
    for (Run run : oldestFirst)
      sources.add(
          new SortedDiffReader(DiffInput.of("what was put aside", form.files().ahead(run.file))));
    return new DiffMerge(sources);
  }

  @Override
  public void close() throws IOException {
    for (Run run : runs) run.file.close();
  }
}
