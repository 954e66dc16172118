package io.backstay.storage;

import io.backstay.log.LogSettings;
import io.backstay.log.LoggedVolume;
import io.backstay.log.LossNotAcceptedException;
import io.backstay.log.VolumeParts;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.VolumeKind;
import io.backstay.nbd.VolumeDoor;
import io.backstay.seam.DeviceFacts;
import io.backstay.seam.Directory;
import io.backstay.seam.Gate;
import io.backstay.seam.SharedMemories;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The logged volumes of a storage: makes them, serves them, takes them away. */
final class LoggedVolumes {
  private static final Logger LOG = LoggerFactory.getLogger(LoggedVolumes.class);
  private static final String DATA = "data";
  private static final String LOG_FILE = "log-device";
  static final int BLOCK_BYTES = 4096;

  /** How often it is looked whether a device that failed works again. */
  private static final Duration HEAL_EVERY = Duration.ofSeconds(10);

  private final RoleParts parts;
  private final SharedMemories memories;
  private final VolumeDoor door;
  private final VolumeStore<StorageVolume> store;
  private final LogSettings usual;
  private final Map<String, ServedVolume> served = new ConcurrentHashMap<>();

  /** Why volumes are not served that should be. */
  private final Map<String, IOException> troubles = new ConcurrentHashMap<>();

  private final Gate ended;
  private Optional<Thread> healing = Optional.empty();
  private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();

  LoggedVolumes(
      RoleParts parts,
      SharedMemories memories,
      VolumeDoor door,
      VolumeStore<StorageVolume> store,
      LogSettings usual) {
    this.parts = parts;
    this.memories = memories;
    this.door = door;
    this.store = store;
    this.ended = parts.time().gate();
    this.usual = usual;
  }

  /** Serves all volumes that are to be served; one that cannot be does not keep the others. */
  void start() {
    for (StorageVolume volume : store.all()) {
      if (volume.state().isServed()) {
        parts.time().fork("open " + volume.volume(), () -> serveFirst(volume.volume()));
      }
    }
    healing = Optional.of(parts.time().fork("heal volumes", this::healUntilEnded));
  }

  private void healUntilEnded() {
    try {
      while (!ended.await(HEAL_EVERY)) {
        for (StorageVolume volume : store.all())
          if (volume.state().isServed()) heal(volume.volume());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * A volume of which a device failed, or had no room, may be in one of several states, as after a
   * death in the same place. It is opened as after one, which finds out, and writes again what may
   * be lost (rules L3, L4); again and again until the device works.
   */
  private void heal(String name) throws InterruptedException {
    ReentrantLock lock = lock(name);
    lock.lockInterruptibly();
    try {
      ServedVolume one = served.get(name);
      boolean failed = one != null && one.volume().failure().isPresent();
      if (failed) withdrawFailed(name);
      if (failed || one == null && mayHeal(name)) serveFirst(name);
    } catch (RuntimeException e) {
      LOG.error("volume {} could not be opened again", name, e);
    } finally {
      lock.unlock();
    }
  }

  private void withdrawFailed(String name) throws InterruptedException {
    try {
      withdraw(name);
    } catch (IOException e) {
      LOG.info("volume {} is opened again: {}", name, e.getMessage());
    }
  }

  Reply.OwnPlace ownPlace(String volume) throws IOException {
    String directory = store.directory(volume).description();
    return new Reply.OwnPlace(directory + "/" + DATA, directory + "/" + LOG_FILE);
  }

  /**
   * Makes data device and log. May be done again until it was done to the end: nothing is served
   * before.
   */
  void make(ProtectionRecord record) throws IOException {
    LogPlan plan = record.log().orElseThrow();
    deleteOwn(record.volume());
    createMissing(record.device(), record.sizeBytes());
    createMissing(plan.path(), plan.sizeBytes() / BLOCK_BYTES * BLOCK_BYTES);
    LoggedVolume.format(volumeParts(record), record.sizeBytes());
  }

  private void createMissing(String path, long sizeBytes) throws IOException {
    DeviceFacts facts = parts.devices().examine(path);
    boolean missing =
        facts.kind() == DeviceFacts.Kind.ABSENT
            || facts.kind() == DeviceFacts.Kind.FILE && facts.sizeBytes() == 0;
    if (missing) parts.devices().create(path, sizeBytes).close();
  }

  /** Unless somebody stopped it meanwhile. */
  private void serveFirst(String name) {
    ReentrantLock lock = lock(name);
    lock.lock();
    try {
      StorageVolume volume = store.get(name);
      if (volume.state().isServed()) serve(volume.record().orElseThrow());
    } finally {
      lock.unlock();
    }
  }

  /** One volume is opened or closed by one at a time. */
  private ReentrantLock lock(String volume) {
    return locks.computeIfAbsent(volume, _ -> new ReentrantLock());
  }

  /**
   * Opens the volume and lets clients in; what keeps it from that is its trouble from then on. It
   * is served already: nothing happens.
   */
  void serve(ProtectionRecord record) {
    serve(record, false);
  }

  /** As {@link #serve}, also where the newest writes are gone (rule L2). */
  void serveWithLoss(ProtectionRecord record) {
    serve(record, true);
  }

  private void serve(ProtectionRecord record, boolean lossAccepted) {
    ReentrantLock lock = lock(record.volume());
    lock.lock();
    try {
      if (!served.containsKey(record.volume())) open(record, lossAccepted);
    } finally {
      lock.unlock();
    }
  }

  private void open(ProtectionRecord record, boolean lossAccepted) {
    String name = record.volume();
    try {
      LoggedVolume volume = LoggedVolume.open(volumeParts(record), lossAccepted);
      String uri = door.open(volume);
      WlogSender sender =
          new WlogSender(
              parts, new StoredRecords(name, store, parts.records(), this::follow), volume);
      Thread sending = parts.time().fork("send the log of " + name, sender);
      served.put(name, new ServedVolume(volume, uri, new FillRate(), sender, sending));
      // One that came meanwhile.
      store
          .get(name)
          .record()
          .filter(newest -> newest.version() > record.version())
          .ifPresent(this::follow);
      troubles.remove(name);
      LOG.info("volume {} is served at {}", name, uri);
    } catch (IOException e) {
      IOException before = troubles.put(name, e);
      boolean isNew = !String.valueOf(e).equals(String.valueOf(before));
      if (isNew) LOG.error("volume {} is not served", name, e);
      else LOG.info("volume {} is still not served: {}", name, e.getMessage());
    }
  }

  /**
   * Makes a served volume as large as its record says (rule L9): first a data file that is our own,
   * where the data device is somebody else's it has to be that large already.
   */
  void resize(StorageVolume known, ProtectionRecord record)
      throws RefusedException, IOException, InterruptedException {
    ReentrantLock lock = lock(record.volume());
    lock.lockInterruptibly();
    try {
      LoggedVolume volume = served(record.volume(), known);
      if (isOwnData(record)) volume.lengthenData(record.sizeBytes());
      volume.resize(record.sizeBytes());
      LOG.info("volume {} has {} bytes", record.volume(), record.sizeBytes());
    } finally {
      lock.unlock();
    }
  }

  /** Whether the data device of a logged volume is a file that this storage made and keeps. */
  boolean isOwnData(ProtectionRecord record) throws IOException {
    return record.kind() == VolumeKind.LOGGED
        && record.device().equals(ownPlace(record.volume()).data());
  }

  /** As clients see it; empty where it is not served. */
  Optional<Long> sizeBytes(String volume) {
    return Optional.ofNullable(served.get(volume)).map(one -> one.volume().sizeBytes());
  }

  /** Lets all clients go and stops the volume cleanly. */
  void withdraw(String volume) throws IOException, InterruptedException {
    ReentrantLock lock = lock(volume);
    lock.lockInterruptibly();
    try {
      door.close(volume);
      ServedVolume was = served.remove(volume);
      troubles.remove(volume);
      if (was != null) was.stop();
    } finally {
      lock.unlock();
    }
  }

  /** A served volume goes by the settings of its new record, which is durable, at once. */
  void follow(ProtectionRecord record) {
    ServedVolume one = served.get(record.volume());
    if (one != null) one.follow(record);
  }

  /** Sends what waits of the volume's log now. */
  void kick(String volume) {
    ServedVolume one = served.get(volume);
    if (one != null) one.sender().kick();
  }

  /**
   * @throws RefusedException where it is not served now
   */
  LoggedVolume served(String name, StorageVolume known) throws RefusedException {
    ServedVolume one = served.get(name);
    if (one != null) return one.volume();
    boolean plain = known.record().isPresent() && known.record().get().kind() == VolumeKind.PLAIN;
    throw new RefusedException(
        Refusal.of(
                notServed(known), plain ? "a plain volume has no log" : "the volume is not served")
            .attempted("reach the log of " + name)
            .found("state %s, %s".formatted(known.state(), trouble(name).orElse("no trouble")))
            .next("see 'backstay volume show " + name + "'"));
  }

  private RefusalCode notServed(StorageVolume known) {
    if (known.record().isEmpty()) return RefusalCode.UNKNOWN_VOLUME;
    if (known.record().get().kind() == VolumeKind.PLAIN) return RefusalCode.NEEDS_LOG;
    if (hadNoRoom(known.volume())) return RefusalCode.NO_SPACE;
    if (mayHeal(known.volume())) return RefusalCode.SERVER_FAILED;
    return known.state().isServed() && !troubles.containsKey(known.volume())
        ? RefusalCode.STARTING
        : RefusalCode.WRONG_STATE;
  }

  /** Takes away what was made for a volume; its own data and log are gone. */
  void forget(ProtectionRecord record) throws IOException, InterruptedException {
    try {
      withdraw(record.volume());
    } catch (IOException e) {
      LOG.warn("volume {} is cleared although it did not stop in order", record.volume(), e);
    }
    deleteOwn(record.volume());
  }

  private void deleteOwn(String volume) throws IOException {
    Directory own = store.directory(volume);
    for (String file : List.of(DATA, LOG_FILE, LoggedVolume.STATE_FILE, LoggedVolume.CUTS_FILE))
      own.delete(file);
    own.sync();
  }

  void stop() throws InterruptedException {
    ended.open();
    if (healing.isPresent()) healing.get().join();
    for (String name : served.keySet()) {
      try {
        withdraw(name);
      } catch (IOException e) {
        LOG.error("volume {} did not stop in order; what was acknowledged stays", name, e);
      }
    }
  }

  Optional<Reply.LogFacts> facts(String volume) {
    return Optional.ofNullable(served.get(volume)).map(ServedVolume::facts);
  }

  /** Of the volumes that are served, by name. */
  Map<String, Reply.LogFacts> allFacts() {
    Map<String, Reply.LogFacts> all = new TreeMap<>();
    served.forEach((name, one) -> all.put(name, one.facts()));
    return all;
  }

  /** Looks how fast the logs grow; to be called every few seconds. */
  void sample() {
    long now = parts.time().nanos();
    served.values().forEach(one -> one.sample(now));
  }

  Optional<String> trouble(String volume) {
    ServedVolume one = served.get(volume);
    if (one != null && one.volume().failure().isPresent())
      return Optional.of("writes fail: " + one.volume().failure().get().getMessage());
    if (one != null && one.volume().history().givenUp().isPresent())
      return Optional.of(
          "its log was full at %s and was given up: make a full backup, which begins anew"
              .formatted(one.volume().history().givenUp().get().time()));
    if (one != null && isNoMoreFollowed(volume, one.volume()))
      return Optional.of("no archive follows its log any more: make a full backup");
    return Optional.ofNullable(troubles.get(volume))
        .map(e -> "it is not served: " + e.getMessage());
  }

  /** It is not served because something failed that may work again without anybody's word. */
  private boolean mayHeal(String volume) {
    return Optional.ofNullable(troubles.get(volume))
        .filter(trouble -> !(trouble instanceof LossNotAcceptedException))
        .isPresent();
  }

  /** It is not served because there was no room for something. */
  private boolean hadNoRoom(String volume) {
    return Optional.ofNullable(troubles.get(volume)).filter(FullDisk::isCauseOf).isPresent();
  }

  /** A loss that was accepted ended the session that an archive follows. */
  private boolean isNoMoreFollowed(String name, LoggedVolume volume) {
    return store.get(name).state() == StorageVolume.State.TARGET
        && volume.history().session().isLocal();
  }

  private VolumeParts volumeParts(ProtectionRecord record) throws IOException {
    if (record.kind() != VolumeKind.LOGGED)
      throw new IllegalArgumentException(record.volume() + " has no log");
    LogPlan plan = record.log().orElseThrow();
    return new VolumeParts(
        record.volume(),
        store.directory(record.volume()),
        parts.devices(),
        memories,
        parts.time(),
        record.device(),
        plan.path(),
        new LogSettings(
            (int) plan.tailBytes(),
            usual.checkpointInterval(),
            plan.cutInterval(),
            plan.onFull(),
            usual.cutBytes()));
  }
}
