package io.backstay.history;

import java.io.IOException;

/** A wdiff whose bytes are not what its sidecar or its own checksums say. */
public final class DamagedDiffException extends IOException {
  private static final long serialVersionUID = 1L;

  DamagedDiffException(KeptDiff kept, long position, String found) {
    super(
        "the wdiff %s is damaged at byte %d: %s"
            .formatted(kept.diff().fileName(), position, found));
  }
}
