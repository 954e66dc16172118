package io.backstay.activity;

import io.backstay.model.Point;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The points of a {@link MemoryServer}'s volumes, and those that are on their way to it. */
final class MemoryPoints {
  /** Few, so that every test with more points than that needs several answers. */
  static final int POINTS_MAX = 3;

  private final Map<String, List<Point>> points = new HashMap<>();
  private final Map<String, Deque<Point>> coming = new HashMap<>();

  List<Point> of(String volume) {
    return List.copyOf(its(volume));
  }

  private List<Point> its(String volume) {
    return points.computeIfAbsent(volume, _ -> new ArrayList<>());
  }

  private Deque<Point> comingTo(String volume) {
    return coming.computeIfAbsent(volume, _ -> new ArrayDeque<>());
  }

  long nextGid(String volume) {
    return Stream.concat(its(volume).stream(), comingTo(volume).stream())
        .mapToLong(point -> point.gid() + 1)
        .max()
        .orElse(0);
  }

  void add(String volume, Point point) {
    its(volume).add(point);
  }

  /** It is there when somebody has asked in vain. */
  void send(String volume, Point point) {
    comingTo(volume).add(point);
  }

  void arrive(String volume) {
    if (!comingTo(volume).isEmpty()) add(volume, comingTo(volume).remove());
  }

  void lose(String volume) {
    coming.remove(volume);
  }

  void removeIf(String volume, Predicate<Point> gone) {
    its(volume).removeIf(gone);
  }

  void forget(String volume) {
    points.remove(volume);
    coming.remove(volume);
  }

  Reply.Points page(Command.ListPoints list) {
    List<Point> asked =
        its(list.volume()).stream().filter(point -> point.gid() >= list.fromGid()).toList();
    if (list.newest() > 0) {
      int count = Math.min(asked.size(), Math.min(POINTS_MAX, list.newest()));
      return new Reply.Points(
          List.copyOf(asked.subList(asked.size() - count, asked.size())),
          false,
          Optional.of(its(list.volume()).size()));
    }
    return new Reply.Points(asked.stream().limit(POINTS_MAX).toList(), asked.size() > POINTS_MAX);
  }

  Point find(String volume, long gid) throws RefusedException {
    return its(volume).stream()
        .filter(point -> point.gid() == gid)
        .findFirst()
        .orElseThrow(() -> new RefusedException(RefusalCode.POINT_NOT_REACHABLE, "no gid " + gid));
  }

  void keep(Command.KeepSnapshot keep) throws RefusedException {
    Point point = find(keep.volume(), keep.gid());
    its(keep.volume()).replaceAll(it -> it.equals(point) ? marked(point, keep.kept()) : it);
  }

  private static Point marked(Point point, boolean explicit) {
    return new Point(
        point.gid(),
        point.time(),
        point.label(),
        point.clean(),
        point.sizeBytes(),
        point.storedBytes(),
        point.proof(),
        explicit,
        point.quietUntil());
  }
}
