package io.backstay.history;

import io.backstay.chain.Diff;

/** What names a diff of a volume; in the order of sessions and gids. */
record DiffKey(int session, long from, long to, String gids) implements Comparable<DiffKey> {
  static DiffKey of(KeptDiff kept) {
    return of(kept.session().number(), kept.diff());
  }

  static DiffKey of(int session, Diff diff) {
    return new DiffKey(session, diff.from().begin(), diff.to().begin(), diff.gids());
  }

  @Override
  public int compareTo(DiffKey other) {
    if (session != other.session) return Integer.compare(session, other.session);
    if (from != other.from) return Long.compare(from, other.from);
    if (to != other.to) return Long.compare(to, other.to);
    return gids.compareTo(other.gids);
  }
}
