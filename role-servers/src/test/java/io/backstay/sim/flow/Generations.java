package io.backstay.sim.flow;

import io.backstay.log.LogHistory;
import io.backstay.log.LogPosition;
import io.backstay.log.LoggedVolume;
import io.backstay.model.Cut;
import io.backstay.sim.Violation;
import io.backstay.sim.log.VolumeHistory;
import io.backstay.sim.log.VolumeHistory.Stretch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The generations of one volume: what somebody heard of each gid, and what was restored of it. A
 * gid stands for one cut (rule M1), one cut for one moment, and later gids for later moments
 * (invariant 3).
 */
final class Generations {
  private final String volume;
  private final VolumeHistory history;
  private final TreeMap<Long, Generation> all = new TreeMap<>();
  private final Map<Integer, Ended> ended = new HashMap<>();
  private final Map<Integer, Long> released = new HashMap<>();
  private int session;
  private int looks;
  private int snapshots;
  private int overflows;

  /** What is known of one gid. */
  private static final class Generation {
    private Optional<Cut> cut = Optional.empty();

    /** Moment before which the cut does not lie: all was acknowledged when it was asked for. */
    private long floor;

    /** Likewise behind: nothing more was asked for when it was there. */
    private long ceiling = Long.MAX_VALUE;

    private boolean isPromised;
    private boolean mayBeMerged;
    private Optional<long[]> image = Optional.empty();
    private List<Stretch> moments = List.of();
  }

  /** A session whose log was given up, by itself or by an operator; what was sent stays. */
  private record Ended(OptionalLong sentUpTo) {}

  Generations(String volume, VolumeHistory history) {
    this.volume = volume;
    this.history = history;
  }

  int snapshots() {
    return snapshots;
  }

  int overflows() {
    return overflows;
  }

  /** Number of the newest session that was seen. */
  int session() {
    return session;
  }

  private Generation of(long gid) {
    return all.computeIfAbsent(gid, _ -> new Generation());
  }

  // ---- what is heard

  /** A cut, wherever it stands. */
  void see(Cut cut, String where) {
    Generation known = of(cut.gid());
    if (known.cut.isPresent()
        && (known.cut.get().lsid() != cut.lsid() || known.cut.get().session() != cut.session()))
      throw new Violation(
          "M1", "%s of %s at %s was %s".formatted(cut, volume, where, known.cut.get()));
    if (known.cut.isPresent()) return;
    known.cut = Optional.of(cut);
    known.ceiling = Math.min(known.ceiling, history.asked());
  }

  /**
   * Somebody was told of a snapshot: it is never lost, unless an overflow is marked.
   *
   * @param floor what was acknowledged when it was asked for
   */
  void snapshot(Cut cut, long floor) {
    see(cut, "a snapshot");
    Generation known = of(cut.gid());
    known.floor = Math.max(known.floor, floor);
    if (!known.isPromised) snapshots++;
    known.isPromised = true;
  }

  /** A full backup ended at that gid. */
  void backedUp(long gid, long floor) {
    Generation known = of(gid);
    known.floor = Math.max(known.floor, floor);
    known.ceiling = Math.min(known.ceiling, history.asked());
  }

  /** An operator gave the log of the session up. */
  void reset(int number) {
    ended.putIfAbsent(number, new Ended(OptionalLong.empty()));
  }

  /** Looks at what the volume tells of itself, as a thread of its process. */
  void look(LoggedVolume served) {
    int mine = ++looks;
    LogPosition before = served.position();
    LogHistory now = served.history();
    LogPosition after = served.position();
    // Somebody else looks, later than this.
    if (mine != looks) return;
    int number = now.session().number();
    if (number < session)
      throw new Violation("M2", "%s is in %s after %d".formatted(volume, now.session(), session));
    session = number;
    for (Cut cut : now.cuts()) {
      see(cut, "its storage");
      if (cut.lsid() > after.durable())
        throw new Violation("M1", "%s is not durable yet: %s".formatted(cut, after));
    }
    if (now.session().isLocal()) return;
    if (now.givenUp().isPresent()) givenUp(number, now.givenUp().get());
    else if (!ended.containsKey(number)) released.merge(number, before.oldest(), Math::max);
  }

  private void givenUp(int number, LogHistory.GivenUp mark) {
    if (!ended.containsKey(number)) overflows++;
    ended.put(number, new Ended(OptionalLong.of(mark.sentUpTo())));
  }

  /** Whether the log of the session was given up, by itself or by an operator. */
  boolean hasEnded(int number) {
    return ended.containsKey(number);
  }

  // ---- what follows from it

  /**
   * Greatest gid of the session whose log the storage let go of, below every overflow; those behind
   * it at the same lsid need no log.
   */
  OptionalLong releasedGid(int number) {
    long most = released.getOrDefault(number, 0L);
    List<Cut> below =
        all.values().stream()
            .flatMap(one -> one.cut.stream())
            .filter(cut -> isIn(cut, number, most))
            .toList();
    if (below.isEmpty()) return OptionalLong.empty();
    long lsid = below.getLast().lsid();
    return below.stream().filter(cut -> cut.lsid() == lsid).mapToLong(Cut::gid).min();
  }

  private static boolean isIn(Cut cut, int number, long lsid) {
    return cut.session() == number && cut.lsid() <= lsid;
  }

  /** First gid of the session that was seen. */
  OptionalLong firstGid(int number) {
    return all.entrySet().stream()
        .filter(one -> one.getValue().cut.filter(cut -> cut.session() == number).isPresent())
        .mapToLong(Map.Entry::getKey)
        .min();
  }

  /** Snapshots of the session that somebody was told of and that no overflow took. */
  List<Long> promised(int number) {
    Optional<Ended> end = Optional.ofNullable(ended.get(number));
    long sent = end.map(one -> one.sentUpTo().orElse(-1)).orElse(Long.MAX_VALUE);
    return all.entrySet().stream()
        .filter(one -> one.getValue().isPromised)
        .filter(one -> one.getValue().cut.filter(cut -> isIn(cut, number, sent)).isPresent())
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Whether merges keep it: a snapshot that somebody was told of, unless somebody said otherwise.
   */
  boolean isKept(long gid) {
    return all.containsKey(gid) && all.get(gid).isPromised && !all.get(gid).mayBeMerged;
  }

  /** Somebody asks that merges do not keep it any more. */
  void mayBeMerged(long gid) {
    of(gid).mayBeMerged = true;
  }

  // ---- what is restored

  /** Invariant 3. */
  void restored(long gid, long[] image, String where) {
    Generation known = of(gid);
    if (known.image.isPresent()) {
      int at = Arrays.mismatch(known.image.get(), image);
      if (at >= 0)
        throw new Violation(
            "3",
            "gid %d of %s, %s: sector %d has write %d, before it had write %d"
                .formatted(gid, volume, where, at, image[at], known.image.get()[at]));
      return;
    }
    long floor =
        all.headMap(gid, true).values().stream().mapToLong(one -> one.floor).max().orElseThrow();
    long ceiling =
        all.tailMap(gid, true).values().stream().mapToLong(one -> one.ceiling).min().orElseThrow();
    known.moments = history.momentsOf(image, floor, Math.min(ceiling, history.asked()));
    if (known.moments.isEmpty()) throw never(gid, image, where, floor, ceiling);
    known.image = Optional.of(image);
    requireOrder(gid, where);
  }

  private Violation never(long gid, long[] image, String where, long floor, long ceiling) {
    List<Stretch> ever = history.momentsOf(image, 0, history.asked());
    return new Violation(
        "3",
        "gid %d of %s, %s, %s, is not what the volume was from moment %d to %d; it was that at %s; %s"
            .formatted(
                gid,
                volume,
                all.get(gid).cut,
                where,
                floor,
                ceiling,
                ever,
                history.differences(image, floor)));
  }

  private void requireOrder(long newest, String where) {
    long moment = 0;
    for (Map.Entry<Long, Generation> one : all.entrySet()) {
      if (one.getValue().image.isEmpty()) continue;
      long least = moment;
      moment =
          one.getValue().moments.stream()
              .filter(stretch -> stretch.last() >= least)
              .mapToLong(stretch -> Math.max(least, stretch.first()))
              .findFirst()
              .orElseThrow(() ->
                  new Violation(
                      "3",
                      "gid %d of %s, %s: gid %d is what the volume was at %s, the one before it was at %d or later"
                          .formatted(
                              newest, volume, where, one.getKey(), one.getValue().moments, least)));
    }
  }
}
