package io.backstay.history;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What was read lately, by key, up to so many bytes. Who asks for what another thread is just
 * reading waits for that, so that nothing is read twice at a time. Values are shared: nobody
 * changes them.
 */
final class Recent<K, V> {
  interface Loader<V> {
    V load() throws IOException;
  }

  /** Loads the values of the first so many of some keys. */
  interface RunLoader<V> {
    List<V> load(int number) throws IOException;
  }

  /** What a value takes in memory. */
  interface Weight<V> {
    long bytes(V value);
  }

  private final long bytesMax;
  private final Weight<V> weight;
  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<K, Slot<V>> slots = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  private static final class Slot<V> {
    final CompletableFuture<V> value = new CompletableFuture<>();
    long bytes;
  }

  Recent(long bytesMax, Weight<V> weight) {
    this.bytesMax = bytesMax;
    this.weight = weight;
  }

  /** The value as it is known, or as it is loaded now. What cannot be loaded is not remembered. */
  V get(K key, Loader<V> loader) throws IOException {
    Slot<V> mine = new Slot<>();
    Slot<V> slot = claim(key, mine);
    if (slot == mine) load(List.of(key), List.of(mine), number -> List.of(loader.load()));
    return await(slot.value);
  }

  /** Loads what of a run is neither there nor being loaded, up to the first that is. */
  void fetch(List<K> run, RunLoader<V> loader) throws IOException {
    List<Slot<V>> mine = new ArrayList<>();
    for (K key : run) {
      Slot<V> slot = new Slot<>();
      if (claim(key, slot) != slot) break;
      mine.add(slot);
    }
    if (!mine.isEmpty()) load(run, mine, loader);
  }

  /**
   * Whoever waits for one of the claimed gets its value, or hears what kept it from being loaded.
   */
  private void load(List<K> keys, List<Slot<V>> claimed, RunLoader<V> loader) throws IOException {
    Throwable failure = null;
    try {
      List<V> values = loader.load(claimed.size());
      for (int i = 0; i < claimed.size(); i++) {
        claimed.get(i).value.complete(values.get(i));
        weigh(claimed.get(i), values.get(i));
      }
    } catch (IOException | RuntimeException | Error e) {
      failure = e;
      throw e;
    } finally {
      for (int i = 0; failure != null && i < claimed.size(); i++) {
        forget(keys.get(i), claimed.get(i));
        claimed.get(i).value.completeExceptionally(failure);
      }
    }
  }

  /** This one is used up: it is forgotten before all others, unless somebody asks for it again. */
  void usedUp(K key) {
    lock.lock();
    try {
      Slot<V> known = slots.get(key);
      if (known != null) slots.putFirst(key, known);
    } finally {
      lock.unlock();
    }
  }

  /** Whether {@link #get} would answer at once. */
  boolean isThere(K key) {
    lock.lock();
    try {
      Slot<V> known = slots.get(key);
      return known != null && known.value.isDone();
    } finally {
      lock.unlock();
    }
  }

  private Slot<V> claim(K key, Slot<V> mine) {
    lock.lock();
    try {
      Slot<V> known = slots.get(key);
      if (known != null) return known;
      slots.put(key, mine);
      return mine;
    } finally {
      lock.unlock();
    }
  }

  private void weigh(Slot<V> slot, V value) {
    lock.lock();
    try {
      slot.bytes = weight.bytes(value);
      bytes += slot.bytes;
      Iterator<Slot<V>> oldest = slots.values().iterator();
      while (bytes > bytesMax && oldest.hasNext()) {
        Slot<V> old = oldest.next();
        if (old.bytes == 0) continue; // it is only being read
        bytes -= old.bytes;
        oldest.remove();
      }
    } finally {
      lock.unlock();
    }
  }

  private void forget(K key, Slot<V> slot) {
    lock.lock();
    try {
      slots.remove(key, slot);
    } finally {
      lock.unlock();
    }
  }

  private V await(CompletableFuture<V> value) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return value.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException bug -> throw bug;
        case Error death -> throw death;
        default -> throw new IllegalStateException("reading what is kept in memory", e.getCause());
      }
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }
}
