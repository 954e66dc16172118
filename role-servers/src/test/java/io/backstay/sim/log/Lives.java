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
   * @param latest nothing behind it was found by the next life
   * @param end moment at which all is done that was asked for; the next life begins with it
   */
  record Life(long begin, long[] base, long floor, long latest, long end) {}

  private final List<Life> past = new ArrayList<>();

  void ended(long begin, long[] base, long floor, long latest, long end) {
    past.add(new Life(begin, base, floor, latest, end));
  }

  /** The life that was at that moment; empty for the one that is. */
  Optional<Life> at(long moment) {
    return past.stream().filter(life -> life.begin <= moment && moment < life.end).findFirst();
  }

  /** Those that were at any of these moments, both ends included. */
  List<Life> between(long first, long last) {
    return past.stream().filter(life -> life.begin <= last && life.latest >= first).toList();
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
