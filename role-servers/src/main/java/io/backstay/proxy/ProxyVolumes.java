package io.backstay.proxy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;

/** The volumes of a proxy: what is durable of them, and their spools. */
final class ProxyVolumes {
  private static final String SPOOL = "spool";

  private final RoleParts parts;
  private final VolumeStore<ProxyVolume> store;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, OpenVolume> open = new ConcurrentSkipListMap<>();

  ProxyVolumes(RoleParts parts, VolumeStore<ProxyVolume> store) {
    this.parts = parts;
    this.store = store;
  }

  /** Goes on with what an earlier process had in its spools. */
  void start() throws IOException {
    for (ProxyVolume volume : store.all()) {
      if (volume.state() == ProxyVolume.State.STARTED) openAll(volume.volume());
    }
  }

  private void openAll(String volume) throws IOException {
    try {
      open(volume);
    } catch (RefusedException e) {
      throw new IOException(e.refusal().message(), e);
    }
  }

  /** The volume with its senders at work. */
  OpenVolume open(String name) throws RefusedException, IOException {
    lock.lock();
    try {
      OpenVolume known = open.get(name);
      if (known == null) {
        var directory = store.directory(name);
        var spool = directory.child(SPOOL);
        directory.sync();
        known = new OpenVolume(name, parts, store, Spool.open(name, spool, parts.time()));
        open.put(name, known);
      }
      known.send();
      return known;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The newer of both records is the proxy's from then on, durably (rule M3).
   *
   * @return the proxy's own, where that is the newer one
   */
  Optional<Signed> exchange(ProtectionRecord theirs, Signed signed) throws IOException {
    ProxyVolume after = store.update(theirs.volume(), before -> before.under(signed, theirs));
    return after.record().orElseThrow().version() > theirs.version()
        ? after.signed()
        : Optional.empty();
  }

  List<OpenVolume> all() {
    return new ArrayList<>(open.values());
  }

  Optional<OpenVolume> find(String name) {
    return Optional.ofNullable(open.get(name));
  }

  /** Ends what is done for the volume and deletes its diffs. */
  void forget(String name) throws IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      OpenVolume known = open.remove(name);
      if (known != null) known.close();
      var directory = store.directory(name);
      directory.delete(SPOOL);
      directory.sync();
    } finally {
      lock.unlock();
    }
  }

  void close() throws InterruptedException {
    for (OpenVolume volume : all()) volume.close();
  }
}
