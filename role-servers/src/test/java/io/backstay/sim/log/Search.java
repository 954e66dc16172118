package io.backstay.sim.log;

import io.backstay.sim.log.VolumeHistory.Stretch;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Searches the moments of a volume for those at which it was one certain image. */
final class Search {
  private final long[] image;
  private final long first;
  private final long last;
  private final List<Stretch> found = new ArrayList<>();

  Search(long[] image, long first, long last) {
    this.image = image;
    this.first = first;
    this.last = last;
  }

  List<Stretch> found() {
    return found;
  }

  /**
   * @param changes from the first one of that life on
   */
  void through(Lives.Life life, Iterator<Change> changes) {
    long until = Math.min(last, life.latest());
    long[] held = life.base().clone();
    int others = 0;
    for (int s = 0; s < held.length; s++) if (held[s] != image[s]) others++;
    long moment = life.begin();
    if (others == 0) add(moment);
    while (moment < until && changes.hasNext()) {
      Change change = changes.next();
      for (int s = change.from; s < change.to && moment < until; s++) {
        if (held[s] == image[s]) others++;
        held[s] = change.found();
        if (held[s] == image[s]) others--;
        moment = change.at(s);
        if (others == 0) add(moment);
      }
    }
  }

  private void add(long moment) {
    if (moment < first || moment > last) return;
    boolean goesOn = !found.isEmpty() && found.getLast().last() >= moment - 1;
    if (goesOn) found.add(new Stretch(found.removeLast().first(), moment));
    else found.add(new Stretch(moment, moment));
  }
}
