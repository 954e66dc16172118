package io.backstay.workflow;

import io.backstay.activity.RefusalFailure;
import io.backstay.activity.ServerCalls;
import io.backstay.model.Point;
import io.backstay.model.RefusedException;
import io.backstay.policy.ChosenPoint;
import io.backstay.policy.PointChoice;
import io.backstay.policy.PointChoice.Wanted;
import io.backstay.wire.Command.ListPoints;
import io.backstay.wire.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Finds a point at an archive, which tells its points page by page: a volume may have many. */
final class PointLookup {
  private final ServerCalls calls;

  PointLookup(ServerCalls calls) {
    this.calls = calls;
  }

  /** Fails as {@code point-not-reachable} with the neighbours, for which all pages are read. */
  ChosenPoint find(String archive, String volume, Wanted wanted) {
    List<Point> likely =
        switch (wanted) {
          case Wanted.Newest _ ->
              page(archive, new ListPoints(volume, 0L, ListPoints.POINTS_MAX)).points().stream()
                  .filter(Point::clean)
                  .toList();
          case Wanted.Gid(long gid) ->
              page(archive, new ListPoints(volume, gid, 0)).points().stream()
                  .filter(isClean(gid))
                  .toList();
          case Wanted.Label _, Wanted.At _ -> List.of();
        };
    List<Point> points = likely.isEmpty() ? all(archive, volume) : likely;
    try {
      return PointChoice.choose(volume, points, wanted);
    } catch (RefusedException e) {
      throw RefusalFailure.of(e.refusal());
    }
  }

  private static Predicate<Point> isClean(long gid) {
    return point -> point.gid() == gid && point.clean();
  }

  private List<Point> all(String archive, String volume) {
    List<Point> points = new ArrayList<>();
    Optional<ListPoints> ask = Optional.of(new ListPoints(volume));
    while (ask.isPresent()) {
      Reply.Points page = page(archive, ask.get());
      points.addAll(page.points());
      ask = ask.get().next(page);
    }
    return points;
  }

  private Reply.Points page(String archive, ListPoints which) {
    return calls.ask(archive, which, Reply.Points.class);
  }
}
