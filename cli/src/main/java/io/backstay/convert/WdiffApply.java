package io.backstay.convert;

import io.backstay.diff.DiffApply;
import io.backstay.diff.DiffMerge;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.LogLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes wdiffs onto an image. All of them are read and compared before the first byte is written,
 * so that a damaged one leaves the image as it was.
 */
public final class WdiffApply {
  private static final int ADVANCE_EVERY = 4096;

  private final BlockDevice image;
  private final List<Path> oldestFirst;
  private final FileAccess files;
  private final Advance advance;
  private long stretches;
  private long bytesWritten;
  private long bytesZeroed;

  /**
   * What was done.
   *
   * @param bytesWritten of data
   * @param bytesZeroed of zeroes and discards
   */
  public record Done(
      String image, int wdiffs, long stretches, long bytesWritten, long bytesZeroed) {}

  private WdiffApply(BlockDevice image, List<Path> oldestFirst, FileAccess files, Advance advance) {
    this.image = image;
    this.oldestFirst = oldestFirst;
    this.files = files;
    this.advance = advance;
  }

  /**
   * Durable when it returns. One that broke off may be done again.
   *
   * @throws io.backstay.wdiff.MalformedDiffException that says what is wrong with which wdiff; the
   *     image is as it was
   * @throws RefusedException where a wdiff is not there, or reaches behind the image's end
   */
  public static Done apply(
      String name, BlockDevice image, List<Path> oldestFirst, FileAccess files, Advance advance)
      throws IOException, RefusedException {
    return new WdiffApply(image, oldestFirst, files, advance).run(name);
  }

  private Done run(String name) throws IOException, RefusedException {
    long total = 0;
    for (List<Path> group : groups()) total += check(name, group);
    DiffApply apply = new DiffApply(image);
    for (List<Path> group : groups()) write(name, group, apply, total);
    image.flush();
    return new Done(name, oldestFirst.size(), stretches, bytesWritten, bytesZeroed);
  }

  /** As many as may be open at once, one group after the other. */
  private List<List<Path>> groups() {
    List<List<Path>> groups = new ArrayList<>();
    for (int from = 0; from < oldestFirst.size(); from += Runs.MERGED_AT_ONCE)
      groups.add(
          oldestFirst.subList(from, Math.min(oldestFirst.size(), from + Runs.MERGED_AT_ONCE)));
    return groups;
  }

  /** Unpacks everything once; how many bytes will be written. */
  private long check(String name, List<Path> group) throws IOException, RefusedException {
    long bytes = 0;
    long end = 0;
    long passed = 0;
    try (DiffMerge diffs = WdiffMerge.open(group, files)) {
      while (diffs.next()) {
        if (diffs.kind() == Kind.NORMAL) diffs.raw();
        bytes += (long) diffs.sectors() * LogLayout.SECTOR_BYTES;
        end = (diffs.offsetSectors() + diffs.sectors()) * LogLayout.SECTOR_BYTES;
        if (++passed % ADVANCE_EVERY == 0) advance.at("comparing the wdiffs", bytes, 0);
      }
    }
    if (end > image.sizeBytes())
      throw new RefusedException(
          Refusal.of(RefusalCode.TOO_SMALL, "the wdiffs are of a larger volume than the image")
              .found(
                  "they reach to byte %d, %s has %d bytes".formatted(end, name, image.sizeBytes()))
              .next("make the image larger: truncate -s %d %s".formatted(end, name)));
    return bytes;
  }

  private void write(String name, List<Path> group, DiffApply apply, long total)
      throws IOException, RefusedException {
    try (DiffMerge diffs = WdiffMerge.open(group, files)) {
      while (diffs.next()) {
        apply.writeCurrent(diffs);
        long bytes = (long) diffs.sectors() * LogLayout.SECTOR_BYTES;
        if (diffs.kind() == Kind.NORMAL) bytesWritten += bytes;
        else bytesZeroed += bytes;
        if (++stretches % ADVANCE_EVERY == 0)
          advance.at("writing " + name, bytesWritten + bytesZeroed, total);
      }
      apply.finish();
    }
  }
}
