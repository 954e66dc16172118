package io.backstay.history;

import io.backstay.chain.Diff;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.wdiff.DiffSidecar;
import java.time.Instant;
import java.util.Optional;

/**
 * A diff that an archive keeps, and what of its sidecar is asked for again and again.
 *
 * @param diff as it stands in its file's name
 * @param cuts how many lie behind {@code begin}; more than one where diffs were merged
 * @param packs how many the wdiff has
 * @param quietUntil nothing was written between {@code begin} and then (rule M4); empty where there
 *     is no evidence of that
 * @param volumeBytes size of the volume at its end (rule L9)
 */
public record KeptDiff(
    Diff diff,
    Session session,
    Cut begin,
    Cut end,
    int cuts,
    int packs,
    Optional<Instant> quietUntil,
    long volumeBytes,
    long fileBytes) {

  public static KeptDiff of(DiffSidecar sidecar, Diff diff) {
    return new KeptDiff(
        diff,
        sidecar.session(),
        sidecar.begin(),
        sidecar.end(),
        sidecar.cuts().size(),
        sidecar.packs().size() / Long.BYTES,
        quietUntil(sidecar),
        sidecar.volumeBytes(),
        sidecar.fileBytes());
  }

  private static Optional<Instant> quietUntil(DiffSidecar sidecar) {
    Optional<Instant> until = Optional.empty();
    for (Cut cut : sidecar.cuts()) {
      if (cut.lsid() > sidecar.begin().lsid())
        return cut.firstWrite().isPresent() ? cut.firstWrite() : until;
      until = Optional.of(cut.time());
    }
    return until;
  }

  /** Whether nothing was written between its two ends. */
  public boolean isQuiet() {
    return begin.lsid() == end.lsid();
  }

  String sidecarName() {
    return DiffSidecar.name(session.number(), diff);
  }

  /** The same but for whether its begin may be forgotten. */
  KeptDiff with(boolean mergeable) {
    return new KeptDiff(
        diff.with(mergeable), session, begin, end, cuts, packs, quietUntil, volumeBytes, fileBytes);
  }

  @Override
  public String toString() {
    return "%s of session %d".formatted(diff, session.number());
  }
}
