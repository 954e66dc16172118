package io.backstay.chain;

import io.backstay.chain.Restorable.Standing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The algebra of snapshots and diffs, which is walb's.
 *
 * <p>A diff may be applied to a snapshot when it begins at its {@code begin} or before and ends
 * behind: what it repeats changes nothing, since later diffs follow. Only a compared diff asks for
 * exactly its begin. Where several may be applied, the one that leads furthest is taken
 * (<em>maximum progress</em>), so any set of diffs without a hole is one chain.
 *
 * <p>Diffs of one volume and one unbroken life of its gids; the order of a collection never
 * matters, but that of a list that is called a chain does.
 */
public final class DiffChain {
  private DiffChain() {}

  /** How a diff stands to a snapshot. */
  public enum Relation {
    APPLICABLE,
    /** It ends at the snapshot or before: all of it is in there. */
    TOO_OLD,
    /** It begins behind the snapshot: something between them is missing. */
    TOO_NEW,
    /** Compared with another snapshot. */
    NOT_APPLICABLE
  }

  public static Relation relation(Snap snap, Diff diff) {
    if (diff.compared())
      return diff.from().begin() == snap.begin() ? Relation.APPLICABLE : Relation.NOT_APPLICABLE;
    if (diff.from().begin() > snap.begin()) return Relation.TOO_NEW;
    return diff.to().begin() <= snap.begin() ? Relation.TOO_OLD : Relation.APPLICABLE;
  }

  public static boolean isApplicable(Snap snap, Diff diff) {
    return relation(snap, diff) == Relation.APPLICABLE;
  }

  /**
   * @throws IllegalArgumentException where the diff is not applicable
   */
  public static Snap apply(Snap snap, Diff diff) {
    if (!isApplicable(snap, diff))
      throw new IllegalArgumentException(
          "%s cannot be applied to %s: %s".formatted(diff, snap, relation(snap, diff)));
    return diff.isClean() ? behind(diff.to().begin(), snap.end()) : diff.to();
  }

  /** One after the other, in the order of the list. */
  public static Snap apply(Snap snap, List<Diff> chain) {
    Snap reached = snap;
    for (Diff diff : chain) reached = apply(reached, diff);
    return reached;
  }

  private static Snap behind(long begin, long endBefore) {
    return new Snap(begin, Math.max(begin, endBefore));
  }

  /** Whether {@code later} can be merged onto {@code earlier}, so that its begin is forgotten. */
  public static boolean canMerge(Diff earlier, Diff later) {
    return later.mergeable()
        && !earlier.compared()
        && !later.compared()
        && earlier.from().begin() <= later.from().begin()
        && later.from().begin() <= earlier.to().begin()
        && earlier.to().begin() < later.to().begin();
  }

  /**
   * @throws IllegalArgumentException where they cannot be merged
   */
  public static Diff merge(Diff earlier, Diff later) {
    if (!canMerge(earlier, later))
      throw new IllegalArgumentException(
          "%s (%s) cannot be merged onto %s"
              .formatted(later, later.mergeable() ? "mergeable" : "not mergeable", earlier));
    Snap to = later.isClean() ? behind(later.to().begin(), earlier.to().end()) : later.to();
    return new Diff(earlier.from(), to, earlier.mergeable(), false, later.time());
  }

  /** All of them onto the first, in the order of the list, which is not empty. */
  public static Diff merge(List<Diff> run) {
    Diff merged = run.getFirst();
    for (Diff diff : run.subList(1, run.size())) merged = merge(merged, diff);
    return merged;
  }

  /** Whether {@code inner} says nothing that {@code outer} does not, by its gids. */
  public static boolean contains(Diff outer, Diff inner) {
    return outer.from().begin() <= inner.from().begin() && inner.to().begin() <= outer.to().begin();
  }

  /** The diffs that lead from a snapshot as far as these diffs lead, in order. */
  public static List<Diff> chain(Snap base, Collection<Diff> diffs) {
    return chainWithin(base, diffs, Long.MAX_VALUE);
  }

  /**
   * As {@link #chain}, of the diffs that do not lead beyond a gid. It may end before that gid,
   * where no diff ends there.
   */
  public static List<Diff> chainWithin(Snap base, Collection<Diff> diffs, long gid) {
    List<Diff> within = diffs.stream().filter(diff -> diff.to().begin() <= gid).toList();
    Furthest furthest = Furthest.of(within);
    List<Diff> chain = new ArrayList<>();
    Snap reached = base;
    while (true) {
      Snap here = reached;
      Optional<Diff> next = furthest.from(here.begin(), diff -> isApplicable(here, diff));
      if (next.isEmpty()) return List.copyOf(chain);
      chain.add(next.get());
      reached = apply(here, next.get());
    }
  }

  /**
   * The diffs that lead from a snapshot to exactly a gid, in order; none where it is there already,
   * and empty where they do not lead there. Whether what they lead to is clean says {@link #apply}.
   */
  public static Optional<List<Diff>> chainUpTo(Snap base, Collection<Diff> diffs, long gid) {
    List<Diff> chain = chainWithin(base, diffs, gid);
    return Optional.of(chain).filter(found -> apply(base, found).begin() == gid);
  }

  /**
   * As {@link #chainUpTo}, from an image that may be being applied to: then the gid is not before
   * the end of that apply.
   */
  public static Optional<List<Diff>> chainUpTo(ImageState base, Collection<Diff> diffs, long gid) {
    if (base.applying().isPresent() && gid < base.applying().get().begin()) return Optional.empty();
    return chainUpTo(base.image(), diffs, gid);
  }

  /** As {@link #chainUpTo}, where what it leads to is clean: exactly generation {@code gid}. */
  public static Optional<List<Diff>> cleanChainUpTo(
      ImageState base, Collection<Diff> diffs, long gid) {
    return chainUpTo(base, diffs, gid).filter(chain -> apply(base.image(), chain).isClean());
  }

  /** What must be applied before the image is of use again; empty unless an apply began. */
  public static List<Diff> toFinishApplying(ImageState base, Collection<Diff> diffs) {
    return base.applying()
        .map(to -> chainWithin(base.image(), diffs, to.begin()))
        .orElse(List.of());
  }

  /**
   * What an apply up to a gid applies, in order: what leads there or as close as possible, and at
   * least what an apply that began has to.
   */
  public static List<Diff> toApply(ImageState base, Collection<Diff> diffs, long gid) {
    long least = base.applying().map(Snap::begin).orElse(gid);
    return chainWithin(base.image(), diffs, Math.max(gid, least));
  }

  /**
   * All generations that can be restored exactly, in order of their gids.
   *
   * @param time of the image by itself
   */
  public static List<Restorable> restorable(ImageState base, Instant time, Collection<Diff> diffs) {
    List<Diff> first = toFinishApplying(base, diffs);
    Snap reached = apply(base.image(), first);
    long usableFrom = base.applying().map(Snap::begin).orElse(reached.begin());
    List<Restorable> found = new ArrayList<>();
    if (reached.isClean() && reached.begin() >= usableFrom) {
      Instant then = first.isEmpty() ? time : first.getLast().time();
      found.add(new Restorable(reached.begin(), then, Standing.IMAGE));
    }
    List<Diff> chain = chain(reached, diffs);
    for (int i = 0; i < chain.size(); i++) {
      reached = apply(reached, chain.get(i));
      boolean kept = i + 1 == chain.size() || !chain.get(i + 1).mergeable();
      if (reached.isClean() && reached.begin() >= usableFrom)
        found.add(
            new Restorable(
                reached.begin(), chain.get(i).time(), kept ? Standing.EXPLICIT : Standing.PASSING));
    }
    return List.copyOf(found);
  }

  /**
   * The first run of diffs that can be merged to one, among those that begin at a gid or behind: at
   * least one diff where there is any.
   */
  public static List<Diff> mergeableFrom(Collection<Diff> diffs, long gid) {
    List<Diff> behind = diffs.stream().filter(diff -> diff.from().begin() >= gid).toList();
    OptionalLong first = behind.stream().mapToLong(diff -> diff.from().begin()).min();
    if (first.isEmpty()) return List.of();
    Furthest furthest = Furthest.of(behind);
    Diff merged = furthest.from(first.getAsLong(), diff -> true).orElseThrow();
    List<Diff> run = new ArrayList<>(List.of(merged));
    while (true) {
      Diff soFar = merged;
      Optional<Diff> next = furthest.from(soFar.to().begin(), diff -> canMerge(soFar, diff));
      if (next.isEmpty()) return List.copyOf(run);
      run.add(next.get());
      merged = merge(soFar, next.get());
    }
  }

  /**
   * A chain cut into the longest runs of which each can be merged to one: no merge inside them
   * takes an explicit generation away.
   */
  public static List<List<Diff>> mergeableRuns(List<Diff> chain) {
    List<List<Diff>> runs = new ArrayList<>();
    Diff merged = null;
    for (Diff diff : chain) {
      if (merged != null && canMerge(merged, diff)) {
        merged = merge(merged, diff);
        runs.getLast().add(diff);
      } else {
        merged = diff;
        runs.add(new ArrayList<>(List.of(diff)));
      }
    }
    return runs.stream().map(List::copyOf).toList();
  }

  /** What an image at that gid or behind it has no use for: diffs that end there or before. */
  public static List<Diff> erasableBefore(Collection<Diff> diffs, long gid) {
    return diffs.stream().filter(diff -> diff.to().begin() <= gid).toList();
  }

  /** What a merged diff makes superfluous: all it contains but itself. */
  public static List<Diff> erasableWithin(Collection<Diff> diffs, Diff merged) {
    return diffs.stream()
        .filter(diff -> contains(merged, diff))
        .filter(diff ->
            diff.from().begin() != merged.from().begin()
                || diff.to().begin() != merged.to().begin())
        .toList();
  }

  /** What is on no way from the image to anywhere. */
  public static List<Diff> unneeded(Snap base, Collection<Diff> diffs) {
    Set<Diff> needed = new HashSet<>(chain(base, diffs));
    return diffs.stream().filter(diff -> !needed.contains(diff)).toList();
  }
}
