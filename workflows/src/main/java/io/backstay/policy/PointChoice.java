package io.backstay.policy;

import io.backstay.model.LogPlan;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Which point somebody means (rule M4): strict, and what it refuses it names the neighbours of. */
public final class PointChoice {
  /**
   * A plain volume has no cuts: there is no evidence of what was written between its points, so a
   * larger gap is for a person to allow.
   */
  private static final Duration MAX_GAP = Duration.ofSeconds(2L * LogPlan.CUT_SECONDS);

  private static final int LABELS_TOLD_MAX = 5;

  private PointChoice() {}

  /** How much older than the time that is asked for a point may be, where nobody says it. */
  public static Duration maxGap(ProtectionRecord record) {
    return record.log().map(log -> log.cutInterval().multipliedBy(2)).orElse(MAX_GAP);
  }

  /** What was asked for. */
  public sealed interface Wanted {
    record Newest() implements Wanted {}

    record Gid(long gid) implements Wanted {}

    /**
     * The volume as it was then.
     *
     * @param maxGap how much older the point may be although nobody knows what was written since
     */
    record At(Instant time, Duration maxGap) implements Wanted {}

    record Label(String label) implements Wanted {}
  }

  /**
   * @param points all that there are, or as many as the choice needs
   * @throws RefusedException {@code point-not-reachable}
   */
  public static ChosenPoint choose(String volume, List<Point> points, Wanted wanted)
      throws RefusedException {
    List<Point> clean =
        points.stream().filter(Point::clean).sorted(Comparator.comparingLong(Point::gid)).toList();
    if (clean.isEmpty()) {
      throw refused("%s has no restorable point yet".formatted(volume), "")
          .get("backstay backup full " + volume + " makes the first one");
    }
    return switch (wanted) {
      case Wanted.Newest _ -> ChosenPoint.exactly(clean.getLast());
      case Wanted.Gid(long gid) -> ChosenPoint.exactly(byGid(volume, clean, gid));
      case Wanted.Label(String label) -> ChosenPoint.exactly(byLabel(volume, clean, label));
      case Wanted.At at -> byTime(volume, clean, at);
    };
  }

  private static Point byGid(String volume, List<Point> points, long gid) throws RefusedException {
    Optional<Point> exact = points.stream().filter(point -> point.gid() == gid).findFirst();
    if (exact.isPresent()) return exact.get();
    Optional<Point> before = points.stream().filter(p -> p.gid() < gid).reduce((_, last) -> last);
    Optional<Point> after = points.stream().filter(p -> p.gid() > gid).findFirst();
    throw refused("%s cannot be had at gid %d".formatted(volume, gid), neighbours(before, after))
        .get("backstay point list " + volume);
  }

  private static Point byLabel(String volume, List<Point> points, String label)
      throws RefusedException {
    Optional<Point> newest =
        points.stream()
            .filter(point -> point.label().equals(Optional.of(label)))
            .reduce((_, last) -> last);
    if (newest.isPresent()) return newest.get();
    throw refused("%s has no point with label '%s'".formatted(volume, label), labels(points))
        .get("backstay point list %s --snapshots".formatted(volume));
  }

  /** Of the newest points that have one, the newest first. */
  private static String labels(List<Point> points) {
    String newest =
        points.reversed().stream()
            .filter(point -> point.label().isPresent())
            .limit(LABELS_TOLD_MAX)
            .map(point -> "'%s' is gid %d".formatted(point.label().get(), point.gid()))
            .collect(Collectors.joining(", "));
    return newest.isEmpty() ? "no point with a label" : newest;
  }

  private static ChosenPoint byTime(String volume, List<Point> points, Wanted.At at)
      throws RefusedException {
    Optional<Point> before =
        points.stream()
            .filter(p -> !p.time().isAfter(at.time()))
            .max(Comparator.comparing(Point::time).thenComparing(Point::gid));
    Optional<Point> after =
        points.stream()
            .filter(p -> p.time().isAfter(at.time()))
            .min(Comparator.comparing(Point::time).thenComparing(Point::gid));
    if (before.isPresent()) {
      Optional<ChosenPoint.Gap> gap = gap(before.get(), at);
      if (gap.isPresent()) return new ChosenPoint(before.get(), gap);
    }
    throw refused(
            "%s cannot be had as it was at %s, nor as it was at most %s before"
                .formatted(volume, at.time(), Plan.span(at.maxGap())),
            neighbours(before, after))
        .get("take one of these by gid, or allow a larger gap with --max-gap");
  }

  /** Empty where the volume may have been another one then, for longer than is allowed. */
  private static Optional<ChosenPoint.Gap> gap(Point before, Wanted.At at) {
    Duration length = Duration.between(before.time(), at.time());
    boolean quiet =
        length.isZero() || before.quietUntil().filter(it -> !it.isBefore(at.time())).isPresent();
    if (quiet)
      return Optional.of(
          new ChosenPoint.Gap(at.time(), length, ChosenPoint.Evidence.NOTHING_WRITTEN));
    return length.compareTo(at.maxGap()) > 0
        ? Optional.empty()
        : Optional.of(new ChosenPoint.Gap(at.time(), length, ChosenPoint.Evidence.WITHIN_MAX_GAP));
  }

  private static String neighbours(Optional<Point> before, Optional<Point> after) {
    return "before: %s; after: %s".formatted(words(before), words(after));
  }

  private static String words(Optional<Point> point) {
    return point.map(p -> "gid %d at %s".formatted(p.gid(), p.time())).orElse("none");
  }

  private interface Refusing {
    RefusedException get(String next);
  }

  private static Refusing refused(String message, String found) {
    return next ->
        new RefusedException(
            Refusal.of(RefusalCode.POINT_NOT_REACHABLE, message).found(found).next(next));
  }
}
