package io.backstay.history;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What was read lately, by key, up to so many bytes. Who asks for what another thread is just
 * reading waits for that, so that nothing is read twice at a time. Values are shared: nobody
 * changes them. A value whose memory is to be used again is given back when it is forgotten and
 * nobody {@link #use uses} it any more.
 */
final class Recent<K, V> {
  interface Loader<V> {
    V load() throws IOException;
  }

  /** Loads the values of the first so many of some keys. */
  interface RunLoader<V> {
    List<V> load(int number) throws IOException;
  }

  /** Who looks at a value. */
  interface Reader<V> {
    void read(V value);
  }

  /** What a value takes in memory. */
  interface Weight<V> {
    long bytes(V value);
  }

  private final long bytesMax;
  private final Weight<V> weight;
  private final Consumer<V> gone;
  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<K, Slot<V>> slots = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  private static final class Slot<V> {
    final CompletableFuture<V> coming = new CompletableFuture<>();

    /** Nothing while it is read, and where it cannot be read. */
    V value;

    long bytes;
    int users;
    boolean isForgotten;
  }

  /** Of values that the garbage collector takes. */
  Recent(long bytesMax, Weight<V> weight) {
    this(bytesMax, weight, value -> {});
  }

  /**
   * @param gone takes each value that was loaded, when nobody has it any more
   */
  Recent(long bytesMax, Weight<V> weight, Consumer<V> gone) {
    this.bytesMax = bytesMax;
    this.weight = weight;
    this.gone = gone;
  }

  /** The value as it is known, or as it is loaded now. What cannot be loaded is not remembered. */
  V get(K key, Loader<V> loader) throws IOException {
    Slot<V> slot = claimToUse(key, loader);
    try {
      return await(slot.coming);
    } finally {
      leave(slot);
    }
  }

  /** As {@link #get}, for values that are given back: it is the reader's until he returns. */
  void use(K key, Loader<V> loader, Reader<V> reader) throws IOException {
    Slot<V> slot = claimToUse(key, loader);
    try {
      reader.read(await(slot.coming));
    } finally {
      leave(slot);
    }
  }

  private Slot<V> claimToUse(K key, Loader<V> loader) throws IOException {
    Slot<V> mine = new Slot<>();
    Slot<V> slot = claim(key, mine, 1);
    if (slot == mine) load(List.of(key), List.of(mine), number -> List.of(loader.load()));
    return slot;
  }

  private void leave(Slot<V> slot) {
    lock.lock();
    try {
      slot.users--;
      giveBackIfGone(slot);
    } finally {
      lock.unlock();
    }
  }

  /** Loads what of a run is neither there nor being loaded, up to the first that is. */
  void fetch(List<K> run, RunLoader<V> loader) throws IOException {
    List<Slot<V>> mine = new ArrayList<>();
    for (K key : run) {
      Slot<V> slot = new Slot<>();
      if (claim(key, slot, 0) != slot) break;
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
        claimed.get(i).coming.complete(values.get(i));
        loaded(claimed.get(i), values.get(i));
      }
    } catch (IOException | RuntimeException | Error e) {
      failure = e;
      throw e;
    } finally {
      for (int i = 0; failure != null && i < claimed.size(); i++) {
        remove(keys.get(i), claimed.get(i));
        claimed.get(i).coming.completeExceptionally(failure);
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
      return known != null && known.coming.isDone();
    } finally {
      lock.unlock();
    }
  }

  /** Whether it is there, or is just being loaded. */
  boolean isKnown(K key) {
    lock.lock();
    try {
      return slots.containsKey(key);
    } finally {
      lock.unlock();
    }
  }

  /** Forgets all of these; what is just loaded goes when it is there. */
  void forget(Predicate<K> which) {
    lock.lock();
    try {
      slots
          .entrySet()
          .removeIf(entry -> {
            if (!which.test(entry.getKey())) return false;
            forgotten(entry.getValue());
            return true;
          });
    } finally {
      lock.unlock();
    }
  }

  private Slot<V> claim(K key, Slot<V> mine, int users) {
    lock.lock();
    try {
      Slot<V> known = slots.get(key);
      Slot<V> claimed = known == null ? mine : known;
      claimed.users += users;
      if (known == null) slots.put(key, mine);
      return claimed;
    } finally {
      lock.unlock();
    }
  }

  private void loaded(Slot<V> slot, V value) {
    lock.lock();
    try {
      slot.value = value;
      if (slot.isForgotten) {
        giveBackIfGone(slot);
        return;
      }
      slot.bytes = weight.bytes(value);
      bytes += slot.bytes;
      Iterator<Slot<V>> oldest = slots.values().iterator();
      while (bytes > bytesMax && oldest.hasNext()) {
        Slot<V> old = oldest.next();
        if (old.value == null) continue; // it is only being read
        oldest.remove();
        forgotten(old);
      }
    } finally {
      lock.unlock();
    }
  }

  /** It is in the map no longer. */
  private void forgotten(Slot<V> slot) {
    bytes -= slot.bytes;
    slot.isForgotten = true;
    giveBackIfGone(slot);
  }

  /** Of its last user, its loading and its being forgotten the one that comes last finds it so. */
  private void giveBackIfGone(Slot<V> slot) {
    if (slot.isForgotten && slot.users == 0 && slot.value != null) gone.accept(slot.value);
  }

  private void remove(K key, Slot<V> slot) {
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
