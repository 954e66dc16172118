package io.backstay.archive;

import io.backstay.chain.Diff;
import io.backstay.chain.DiffChain;
import io.backstay.history.KeptDiff;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * Which neighbouring diffs become one (design section 4): explicit snapshots and held points stay,
 * and no diff becomes so large that its sidecar could not say what is in it. A pure function.
 */
final class MergePlan {
  /** Each is a file that is open, with a window of up to 256 KiB. */
  static final int MERGED_AT_ONCE = 64;

  /** 2 MiB of checksums. */
  private static final long BYTES_MAX = 32L << 30;

  /** 6 MiB, about. */
  private static final int CUTS_MAX = 40_000;

  /** 3 MiB of first addresses. */
  private static final int PACKS_MAX = 400_000;

  private MergePlan() {}

  /**
   * The first diffs that are to become one; empty where nothing is left to merge.
   *
   * @param chain oldest first
   * @param stays whether the point of that gid must stay
   */
  static Optional<List<KeptDiff>> next(
      List<KeptDiff> chain, long fromGid, long toGid, LongPredicate stays) {
    return runs(chain, fromGid, toGid, stays).stream()
        .flatMap(run -> steps(run).stream())
        .filter(step -> step.size() > 1)
        .findFirst();
  }

  /** All that may become one, whatever its size. */
  static List<List<KeptDiff>> runs(
      List<KeptDiff> chain, long fromGid, long toGid, LongPredicate stays) {
    Map<Diff, KeptDiff> byDiff = new HashMap<>();
    List<Diff> within = new ArrayList<>();
    for (KeptDiff kept : chain) {
      Diff diff = kept.diff();
      if (diff.from().begin() < fromGid || diff.to().begin() > toGid) continue;
      // What stays is what merges do not forget.
      Diff asIs = diff.mergeable() && stays.test(diff.from().begin()) ? diff.with(false) : diff;
      byDiff.put(asIs, kept);
      within.add(asIs);
    }
    return DiffChain.mergeableRuns(within).stream()
        .map(run -> run.stream().map(byDiff::get).toList())
        .toList();
  }

  private static List<List<KeptDiff>> steps(List<KeptDiff> run) {
    List<List<KeptDiff>> steps = new ArrayList<>();
    List<KeptDiff> step = new ArrayList<>();
    for (KeptDiff kept : run) {
      if (!step.isEmpty() && !fits(step, kept)) {
        steps.add(step);
        step = new ArrayList<>();
      }
      step.add(kept);
    }
    steps.add(step);
    return steps;
  }

  private static boolean fits(List<KeptDiff> step, KeptDiff more) {
    long bytes = more.fileBytes();
    int cuts = more.cuts();
    int packs = more.packs();
    for (KeptDiff kept : step) {
      bytes += kept.fileBytes();
      cuts += kept.cuts();
      packs += kept.packs();
    }
    return step.size() < MERGED_AT_ONCE
        && bytes <= BYTES_MAX
        && cuts <= CUTS_MAX
        && packs <= PACKS_MAX;
  }

  /** The gids between them, which are forgotten. */
  static List<Long> forgotten(List<KeptDiff> parts) {
    return parts.subList(1, parts.size()).stream().map(kept -> kept.diff().from().begin()).toList();
  }
}
