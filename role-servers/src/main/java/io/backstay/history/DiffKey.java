package io.backstay.history;

import java.util.Comparator;

/**
 * Names a diff among those of a volume, whatever merges may forget of it; ordered by sessions and
 * gids.
 *
 * @param gids as they stand in the names of its files
 */
record DiffKey(int session, long from, long to, String gids) implements Comparable<DiffKey> {
  private static final Comparator<DiffKey> ORDER =
      Comparator.comparingInt(DiffKey::session)
          .thenComparingLong(DiffKey::from)
          .thenComparingLong(DiffKey::to)
          .thenComparing(DiffKey::gids);

  static DiffKey of(KeptDiff kept) {
    return new DiffKey(
        kept.session().number(),
        kept.diff().from().begin(),
        kept.diff().to().begin(),
        kept.diff().gids());
  }

  /** Before all keys of that session. */
  static DiffKey first(int session) {
    return new DiffKey(session, -1, -1, "");
  }

  @Override
  public int compareTo(DiffKey other) {
    return ORDER.compare(this, other);
  }
}
