package io.backstay.sim.flow;

import io.backstay.model.Point;
import io.backstay.model.Work;
import io.backstay.sim.Violation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Points of one volume that archives told of: what was listed as clean stays so until somebody asks
 * for what takes it away.
 */
final class Listings {
  private final String volume;
  private final Generations generations;
  private final Map<String, AtArchive> archives = new HashMap<>();

  private static final class AtArchive {
    private final NavigableSet<Long> listed = new TreeSet<>();
    private final NavigableSet<Long> mayGo = new TreeSet<>();
    private final List<Work.Merge> merges = new ArrayList<>();
    private final List<Long> lent = new ArrayList<>();
    private long appliedUpTo = -1;
  }

  Listings(String volume, Generations generations) {
    this.volume = volume;
    this.generations = generations;
  }

  private AtArchive at(String archive) {
    return archives.computeIfAbsent(archive, _ -> new AtArchive());
  }

  /** Clean gids that the archive is known to have now. */
  List<Long> of(String archive) {
    return List.copyOf(at(archive).listed);
  }

  /** Whether the point may be gone although it was listed. */
  boolean mayBeGone(String archive, long gid) {
    AtArchive one = at(archive);
    if (one.lent.contains(gid)) return false;
    return gid < one.appliedUpTo
        || one.mayGo.contains(gid)
        || one.merges.stream().anyMatch(merge -> merge.fromGid() < gid && gid < merge.toGid())
            && !generations.isKept(gid);
  }

  /**
   * The archive told of these.
   *
   * @param before what it had told before it was asked
   */
  void told(String archive, List<Long> before, List<Point> points) {
    AtArchive one = at(archive);
    NavigableSet<Long> clean = new TreeSet<>();
    for (Point point : points) if (point.clean()) clean.add(point.gid());
    for (long gid : before) {
      if (clean.contains(gid)) continue;
      if (!mayBeGone(archive, gid))
        throw new Violation(
            "3", "gid %d of %s is gone at %s; left are %s".formatted(gid, volume, archive, clean));
      one.listed.remove(gid);
    }
    one.listed.addAll(clean);
  }

  /** The archive serves the point: whoever asks for what would take it away is refused. */
  void lent(String archive, long gid) {
    at(archive).lent.add(gid);
  }

  /** Somebody asks that it be served no more. */
  void returned(String archive, long gid) {
    at(archive).lent.remove(gid);
  }

  /** Somebody asks for what takes points away: from then on they may be gone. */
  void asked(String archive, Work work) {
    AtArchive one = at(archive);
    switch (work) {
      case Work.Apply apply -> one.appliedUpTo = Math.max(one.appliedUpTo, apply.gid());
      case Work.Merge merge -> one.merges.add(merge);
      case Work.DeletePoint delete -> one.mayGo.add(delete.gid());
      default -> {}
    }
  }
}
