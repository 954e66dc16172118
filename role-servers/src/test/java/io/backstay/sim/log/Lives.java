package io.backstay.sim.log;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The moments of a volume, life by life of its processes: where each began and may have ended. */
final class Lives {
  /**
   * @param base what the volume held at its begin
   * @param floor what was promised when it ended
   * @param end moment at which all is done that was asked for; the next life begins with it
   */
  record Life(long begin, long[] base, long floor, long end) {}

  private final List<Life> past = new ArrayList<>();

  void ended(long begin, long[] base, long floor, long end) {
    past.add(new Life(begin, base, floor, end));
  }

  /** The life that was at that moment; empty for the one that is. */
  Optional<Life> at(long moment) {
    return past.stream().filter(life -> life.begin <= moment && moment < life.end).findFirst();
  }

  /** That moment, and the begins of later lives, where what was promised is not behind it. */
  Set<Long> continuations(long moment) {
    Set<Long> all = new TreeSet<>(List.of(moment));
    long at = moment;
    for (Life life : past) {
      if (life.begin > at || at >= life.end) continue;
      if (at < life.floor) break;
      all.add(life.end);
      at = life.end;
    }
    return all;
  }
}
