package io.backstay.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which diffs are being read, and which of them are gone from the set already: their files go with
 * their last reader. Not thread-safe.
 *
 * @param <K> what names a diff
 */
final class DiffPins<K> {
  private final Map<K, Integer> readers = new HashMap<>();
  private final Map<K, KeptDiff> doomed = new HashMap<>();

  void add(Collection<K> keys) {
    for (K key : keys) readers.merge(key, 1, Integer::sum);
  }

  /** Answers those that nobody reads any more and that are to go. */
  List<KeptDiff> release(Collection<K> keys) {
    List<KeptDiff> unread = new ArrayList<>();
    for (K key : keys) {
      if (readers.merge(key, -1, Integer::sum) > 0) continue;
      readers.remove(key);
      KeptDiff last = doomed.remove(key);
      if (last != null) unread.add(last);
    }
    return unread;
  }

  /** Whether its files may go now; if not they go with {@link #release}. */
  boolean mayGo(K key, KeptDiff diff) {
    if (!readers.containsKey(key)) return true;
    doomed.put(key, diff);
    return false;
  }

  boolean isDoomed(K key) {
    return doomed.containsKey(key);
  }

  KeptDiff doomed(K key) {
    return doomed.get(key);
  }
}
