package io.backstay.volume;

import io.backstay.model.Names;
import io.backstay.model.RefusedException;
import io.backstay.seam.Directory;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The durable metadata of all volumes of one server, each in its own directory {@code
 * volumes/NAME/metadata}. What {@link #get} answers is durable.
 */
public final class VolumeStore<M extends VolumeMetadata<M>> {
  private static final String FILE = "metadata";

  private final Directory volumes;
  private final Class<M> type;
  private final Function<String, M> unknown;
  private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();
  private final Map<String, M> known = new ConcurrentSkipListMap<>();

  /** Volumes whose directory's own name is durable. */
  private final Set<String> named = ConcurrentHashMap.newKeySet();

  /**
   * @param unknown what is known of a volume of which nothing is known
   */
  public VolumeStore(Directory server, Class<M> type, Function<String, M> unknown)
      throws IOException {
    this.volumes = server.child("volumes");
    server.sync();
    this.type = type;
    this.unknown = unknown;
  }

  /**
   * Reads everything. Damaged metadata of one volume is an IOException: a server that does not know
   * what it has serves nothing. What an earlier process had renamed but not synced when it died can
   * be read already; it is made durable before anybody hears of it.
   */
  public void load() throws IOException {
    volumes.sync();
    for (String name : volumes.list()) {
      named.add(name);
      Directory directory = volumes.child(name);
      directory.sync();
      new MetadataFile<>(directory, FILE, type).load().ifPresent(value -> known.put(name, value));
    }
  }

  public M get(String volume) {
    M value = known.get(volume);
    return value == null ? unknown.apply(volume) : value;
  }

  public List<M> all() {
    return List.copyOf(known.values());
  }

  /** A change that may be refused; then nothing is written. */
  public interface Change<M> {
    M apply(M before) throws RefusedException, IOException;
  }

  /**
   * Changes the metadata of one volume; the new value is durable, and only then seen by others,
   * when this returns.
   */
  public M change(String volume, Change<M> change) throws RefusedException, IOException {
    ReentrantLock lock = locks.computeIfAbsent(volume, name -> new ReentrantLock());
    lock.lock();
    try {
      M before = get(volume);
      M after = change.apply(before);
      if (after.equals(before)) return before;
      new MetadataFile<>(directory(volume), FILE, type).publish(after);
      known.put(volume, after);
      return after;
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #change}, for one that is never refused. */
  public M update(String volume, UnaryOperator<M> change) throws IOException {
    try {
      return change(volume, change::apply);
    } catch (RefusedException e) {
      throw new IllegalStateException("a change that refuses nothing was refused", e);
    }
  }

  /** The volume's own directory, durably there, for what belongs to it beside the metadata. */
  public Directory directory(String volume) throws IOException {
    Directory directory = volumes.child(Names.require("volume", volume));
    if (!named.contains(volume)) {
      volumes.sync();
      named.add(volume);
    }
    return directory;
  }
}
