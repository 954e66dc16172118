package io.backstay.history;

import io.backstay.model.Cut;
import io.backstay.seam.Directory;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tells whether an offered diff is one that is here, part of one, or contradicts it (rule X2). */
final class Recognition {
  private static final long CACHE_BYTES = 8 << 20;

  /** What a cut takes in a map, about. */
  private static final int CUT_BYTES = 80;

  private final Directory directory;
  private final Recent<String, Map<Long, Long>> merged =
      new Recent<>(CACHE_BYTES, lsids -> (long) lsids.size() * CUT_BYTES);

  Recognition(Directory directory) {
    this.directory = directory;
  }

  /** Empty where the one says nothing about the other. */
  Optional<Sighting> compare(KeptDiff kept, DiffSidecar offered) throws IOException {
    if (kept.end().gid() < offered.begin().gid() || kept.begin().gid() > offered.end().gid())
      return Optional.empty();
    if (!kept.session().uuid().equals(offered.session().uuid()))
      return Optional.of(new Sighting.Conflict("%s is of another log".formatted(kept)));
    boolean contains =
        kept.begin().gid() <= offered.begin().gid() && kept.end().gid() >= offered.end().gid();
    Map<Long, Long> lsids = contains && kept.cuts() > 1 ? lsids(kept) : ends(kept);
    for (Cut cut : List.of(offered.begin(), offered.end())) {
      Long lsid = lsids.get(cut.gid());
      if (lsid != null && lsid != cut.lsid())
        return Optional.of(
            new Sighting.Conflict(
                "gid %d is at lsid %d in %s, not %d".formatted(cut.gid(), lsid, kept, cut.lsid())));
    }
    boolean holds =
        contains
            && !kept.diff().compared()
            && kept.diff().isClean()
            && lsids.containsKey(offered.begin().gid())
            && lsids.containsKey(offered.end().gid());
    boolean same =
        kept.diff().from().equals(offered.from()) && kept.diff().to().equals(offered.to());
    return holds || contains && same
        ? Optional.of(new Sighting.Had("it is in " + kept))
        : Optional.empty();
  }

  private static Map<Long, Long> ends(KeptDiff kept) {
    return Map.of(kept.begin().gid(), kept.begin().lsid(), kept.end().gid(), kept.end().lsid());
  }

  /** Of all cuts that the diff was made of. */
  Map<Long, Long> lsids(KeptDiff kept) throws IOException {
    String name = kept.sidecarName();
    return merged.get(name, () -> lsids(DiffSidecar.decode(name, directory.read(name))));
  }

  private static Map<Long, Long> lsids(DiffSidecar sidecar) {
    Map<Long, Long> lsids = new HashMap<>();
    lsids.put(sidecar.begin().gid(), sidecar.begin().lsid());
    for (Cut cut : sidecar.cuts()) lsids.put(cut.gid(), cut.lsid());
    return lsids;
  }
}
