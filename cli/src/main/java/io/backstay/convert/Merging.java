package io.backstay.convert;

import io.backstay.diff.DiffMerge;
import io.backstay.diff.DiffWriter;
import java.io.IOException;

/** A merge that tells how much it has written. */
final class Merging {
  private static final int ADVANCE_EVERY = 4096;

  private final DiffMerge merge;
  private final String step;
  private final Advance advance;
  private long stretches;

  Merging(DiffMerge merge, String step, Advance advance) {
    this.merge = merge;
    this.step = step;
    this.advance = advance;
  }

  void writeTo(DiffWriter out) throws IOException {
    while (merge.next()) {
      merge.writeCurrentTo(out);
      stretches++;
      if (stretches % ADVANCE_EVERY == 0) advance.at(step, out.fileBytes(), 0);
    }
  }

  long stretches() {
    return stretches;
  }
}
