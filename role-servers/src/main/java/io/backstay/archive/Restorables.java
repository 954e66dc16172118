package io.backstay.archive;

import io.backstay.archive.QuietTimes.Quiet;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What can be restored of a volume, and of what: images and the diffs behind each. A value, of one
 * moment.
 */
final class Restorables {
  /** Named in a refusal. */
  private static final int NEAR = 3;

  private final String volume;

  /** That of the newest image first: the fewest diffs lead from it. */
  private final List<ImageChain> chains;

  private final List<Point> points;

  /**
   * @param chains of all images of the volume
   */
  Restorables(String volume, List<ImageChain> chains, Optional<Quiet> quiet) {
    this.volume = volume;
    this.chains =
        chains.stream()
            .sorted(
                Comparator.comparingLong((ImageChain chain) -> chain.image().serial()).reversed())
            .toList();
    TreeMap<Long, Point> byGid = new TreeMap<>();
    for (ImageChain chain : this.chains)
      for (Point point : chain.points(quiet)) byGid.putIfAbsent(point.gid(), point);
    // When an apply begins what is before it is gone, whatever older image is still there.
    this.points = List.copyOf(byGid.tailMap(oldest()).values());
  }

  private long oldest() {
    return chains.stream()
        .flatMap(chain -> chain.image().applying().stream())
        .mapToLong(applying -> applying.to().gid())
        .max()
        .orElse(0);
  }

  List<ImageChain> chains() {
    return chains;
  }

  /** All points, oldest first. */
  List<Point> points() {
    return points;
  }

  /**
   * A piece of them, oldest first.
   *
   * @param newest at most so many, the newest; 0 for as many, from the oldest on, as fit
   * @param max so many fit
   */
  List<Point> points(long fromGid, int newest, int max) {
    List<Point> wanted = points.stream().filter(point -> point.gid() >= fromGid).toList();
    if (newest == 0) return wanted.subList(0, Math.min(max, wanted.size()));
    return wanted.subList(Math.max(0, wanted.size() - Math.min(newest, max)), wanted.size());
  }

  Optional<Point> newest() {
    return points.isEmpty() ? Optional.empty() : Optional.of(points.getLast());
  }

  /** The newest point at that gid or before. */
  Optional<Point> upTo(long gid) {
    return points.stream().filter(point -> point.gid() <= gid).reduce((one, later) -> later);
  }

  /** How many there are before that gid. */
  int before(long gid) {
    return (int) points.stream().filter(point -> point.gid() < gid).count();
  }

  boolean has(long gid) {
    return points.stream().anyMatch(point -> point.gid() == gid);
  }

  /** What makes the image of a point. */
  Optional<Recipe> recipe(long gid) {
    if (!has(gid)) return Optional.empty();
    return chains.stream().flatMap(chain -> chain.recipe(gid).stream()).findFirst();
  }

  /**
   * @param attempted for the refusal
   */
  void require(long gid, String attempted) throws RefusedException {
    if (has(gid)) return;
    String near =
        points.stream()
            .sorted(Comparator.comparingLong(point -> Math.abs(point.gid() - gid)))
            .limit(2 * NEAR)
            .map(Point::gid)
            .sorted()
            .map(Object::toString)
            .collect(Collectors.joining(", "));
    throw new RefusedException(
        Refusal.of(RefusalCode.POINT_NOT_REACHABLE, "there is no point with gid %d".formatted(gid))
            .attempted("%s of %s".formatted(attempted, volume))
            .found(near.isEmpty() ? "no point at all" : "points with gid " + near)
            .next("see 'backstay point list " + volume + "'"));
  }

  /** The newest gid that the chains lead to, clean or not. */
  OptionalLong latestGid() {
    return chains.stream()
        .flatMap(chain -> chain.reaches().stream())
        .mapToLong(snap -> snap.begin())
        .max();
  }
}
