package io.backstay.convert;

import io.backstay.diff.DiffMerge;
import io.backstay.diff.DiffSource;
import io.backstay.model.RefusedException;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Makes one wdiff of several, of which the newest wins wherever two say something. */
public final class WdiffMerge {
  private WdiffMerge() {}

  /**
   * What was made.
   *
   * @param inputs how many were merged
   * @param uuid that of the newest
   * @param stretches that the result says something of
   */
  public record Made(
      String file,
      String format,
      String compression,
      SessionUuid uuid,
      int inputs,
      long stretches,
      long fileBytes) {}

  /**
   * @throws io.backstay.wdiff.MalformedDiffException that says what is wrong with which input; then
   *     there is no new file
   * @throws RefusedException where an input is not there, or there is a file of that name
   */
  public static Made merge(List<Path> oldestFirst, Path to, DiffForm form, Advance advance)
      throws IOException, RefusedException {
    try (NewFile file = NewFile.create(to, form.files())) {
      SessionUuid uuid = uuidOf(oldestFirst.getLast(), form.files());
      try (Runs runs = new Runs(file, form, uuid);
          DiffMerge merge = open(oldestFirst, form.files(), runs)) {
        Merging merging = new Merging(merge, "writing " + to, advance);
        long fileBytes = form.write(file, uuid, merging::writeTo);
        file.publish();
        return new Made(
            to.toString(),
            form.format().name().toLowerCase(Locale.ROOT),
            form.compression().toString(),
            uuid,
            oldestFirst.size(),
            merging.stretches(),
            fileBytes);
      }
    }
  }

  private static SessionUuid uuidOf(Path file, FileAccess files)
      throws IOException, RefusedException {
    try (DiffSource source = DiffFile.open(file, files)) {
      return source.uuid();
    }
  }

  /** All of them; where they are too many to be open, groups of them are merged before. */
  private static DiffMerge open(List<Path> oldestFirst, FileAccess files, Runs runs)
      throws IOException, RefusedException {
    if (oldestFirst.size() <= Runs.MERGED_AT_ONCE) return open(oldestFirst, files);
    for (int from = 0; from < oldestFirst.size(); from += Runs.MERGED_AT_ONCE) {
      int end = Math.min(oldestFirst.size(), from + Runs.MERGED_AT_ONCE);
      try (DiffMerge group = open(oldestFirst.subList(from, end), files)) {
        runs.add(group::writeTo);
      }
    }
    return runs.merged();
  }

  static DiffMerge open(List<Path> oldestFirst, FileAccess files)
      throws IOException, RefusedException {
    List<DiffSource> sources = new ArrayList<>();
    try {
      for (Path file : oldestFirst) sources.add(DiffFile.open(file, files));
    } catch (IOException | RefusedException e) {
      for (DiffSource source : sources) source.close();
      throw e;
    }
    return new DiffMerge(sources);
  }
}
