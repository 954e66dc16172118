package io.backstay.history;

import io.backstay.seam.Directory;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Diffs that this process began to name in a directory, and failed: their files are its own. No
 * other file is replaced, which somebody put there and no listing has found yet.
 *
 * <p>Not thread-safe.
 */
final class Unfinished {
  private final Directory directory;

  /** By gids: sidecars whose wdiff did not get its name durably. */
  private final Map<String, String> sidecars = new HashMap<>();

  Unfinished(Directory directory) {
    this.directory = directory;
  }

  /**
   * @throws FileAlreadyExistsException where a file that is not our own has a name of it
   */
  void begin(KeptDiff kept) throws IOException {
    String gids = kept.diff().gids();
    if (!sidecars.containsKey(gids)) {
      for (String name : List.of(kept.sidecarName(), kept.diff().fileName()))
        if (directory.has(name)) throw new FileAlreadyExistsException(name);
    }
    String leftOver = sidecars.put(gids, kept.sidecarName());
    if (leftOver != null && !leftOver.equals(kept.sidecarName())) directory.delete(leftOver);
  }

  /** It has its name, durably. */
  void done(KeptDiff kept) {
    sidecars.remove(kept.diff().gids());
  }
}
