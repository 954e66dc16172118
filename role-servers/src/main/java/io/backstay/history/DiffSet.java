package io.backstay.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The diffs of a volume by what is asked of them; what a question costs hardly grows with their
 * number. Any thread may ask; changes come one after the other.
 *
 * <p>Which of them touch a stretch of gids is asked for each diff that is offered. Two diffs seldom
 * overlap, but a merged one may reach over as many gids as thousands of others together. So they
 * are sorted by their begins in classes of about one length: in each, only what begins within that
 * length before the stretch can reach it.
 */
final class DiffSet {
  private final ConcurrentSkipListMap<DiffKey, KeptDiff> all = new ConcurrentSkipListMap<>();
  private final Map<String, DiffKey> byGids = new ConcurrentHashMap<>();

  /** By the number of bits of their length in gids. */
  private final ConcurrentSkipListMap<Integer, ConcurrentSkipListMap<Place, KeptDiff>> classes =
      new ConcurrentSkipListMap<>();

  /** Where a diff begins; the key tells those apart that begin together. */
  private record Place(int session, long begin, DiffKey key) implements Comparable<Place> {
    private static final Comparator<Place> ORDER =
        Comparator.comparingInt(Place::session)
            .thenComparingLong(Place::begin)
            .thenComparing(Place::key);

    static Place of(KeptDiff kept) {
      return new Place(kept.session().number(), kept.begin().gid(), DiffKey.of(kept));
    }

    /** Before all that begin there. */
    static Place before(int session, long begin) {
      return new Place(session, begin, DiffKey.first(Integer.MIN_VALUE));
    }

    @Override
    public int compareTo(Place other) {
      return ORDER.compare(this, other);
    }
  }

  private static int lengthBits(KeptDiff kept) {
    return Long.SIZE - Long.numberOfLeadingZeros(kept.end().gid() - kept.begin().gid());
  }

  void put(DiffKey key, KeptDiff kept) {
    classes
        .computeIfAbsent(lengthBits(kept), _ -> new ConcurrentSkipListMap<>())
        .put(Place.of(kept), kept);
    byGids.put(key.gids(), key);
    all.put(key, kept);
  }

  Optional<KeptDiff> remove(DiffKey key) {
    KeptDiff removed = all.remove(key);
    if (removed == null) return Optional.empty();
    byGids.remove(key.gids());
    classes.get(lengthBits(removed)).remove(Place.of(removed));
    return Optional.of(removed);
  }

  Optional<KeptDiff> find(DiffKey key) {
    return Optional.ofNullable(all.get(key));
  }

  boolean has(DiffKey key) {
    return all.containsKey(key);
  }

  /** Whether one with those gids is here, of whatever session. */
  boolean hasGids(String gids) {
    return byGids.containsKey(gids);
  }

  /** In the order of sessions and gids. */
  Collection<KeptDiff> all() {
    return all.values();
  }

  /** Those of one session, in the order of their gids. */
  Collection<KeptDiff> of(int session) {
    return all.subMap(DiffKey.first(session), DiffKey.first(session + 1)).values();
  }

  /** Those of one session that begin or end in a stretch of gids or reach over it, in order. */
  List<KeptDiff> touching(int session, long fromGid, long toGid) {
    List<KeptDiff> found = new ArrayList<>();
    classes.forEach((bits, alike) -> {
      long longest = bits == Long.SIZE - 1 ? Long.MAX_VALUE : (1L << bits) - 1;
      Place first = Place.before(session, Math.max(0, fromGid - longest));
      for (KeptDiff kept : alike.tailMap(first).values()) {
        if (kept.session().number() != session || kept.begin().gid() > toGid) break;
        if (kept.end().gid() >= fromGid) found.add(kept);
      }
    });
    found.sort(Comparator.comparing(DiffKey::of));
    return found;
  }
}
