package io.backstay.history;

import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
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

  /** What a value takes in memory. */
  interface Weight<V> {
    long bytes(V value);
  }

  private final long bytesMax;
  private final Weight<V> weight;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<K, Slot<V>> slots = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  private static final class Slot<V> {
    final FutureTask<V> value;
    long bytes;

    Slot(FutureTask<V> value) {
      this.value = value;
    }
  }

  Recent(long bytesMax, Weight<V> weight) {
    this.bytesMax = bytesMax;
    this.weight = weight;
  }

  /** The value as it is known, or as it is loaded now. What cannot be loaded is not remembered. */
  V get(K key, Loader<V> loader) throws IOException {
    Slot<V> mine = new Slot<>(new FutureTask<>(loader::load));
    Slot<V> slot = claim(key, mine);
    if (slot == mine) mine.value.run();
    try {
      V value = await(slot.value);
      if (slot == mine) weigh(mine, value);
      return value;
    } catch (IOException e) {
      forget(key, slot);
      throw e;
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

  private V await(FutureTask<V> value) throws IOException {
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
