package io.backstay.storage;

import io.backstay.log.LogPosition;
import io.backstay.log.LogSettings;
import io.backstay.log.LoggedVolume;
import io.backstay.log.VolumeParts;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.VolumeKind;
import io.backstay.nbd.VolumeDoor;
import io.backstay.seam.DeviceFacts;
import io.backstay.seam.Directory;
import io.backstay.seam.SharedMemories;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The logged volumes of a storage: makes them, serves them, takes them away. */
final class LoggedVolumes {
  private static final Logger LOG = LoggerFactory.getLogger(LoggedVolumes.class);
  private static final String DATA = "data";
  private static final String LOG_FILE = "log-device";
  private static final int BLOCK_BYTES = 4096;

  private final RoleParts parts;
  private final SharedMemories memories;
  private final VolumeDoor door;
  private final VolumeStore<StorageVolume> store;
  private final Map<String, Served> served = new ConcurrentHashMap<>();
  private final Map<String, String> troubles = new ConcurrentHashMap<>();

  private record Served(LoggedVolume volume, String nbdUri) {}

  LoggedVolumes(
      RoleParts parts, SharedMemories memories, VolumeDoor door, VolumeStore<StorageVolume> store) {
    this.parts = parts;
    this.memories = memories;
    this.door = door;
    this.store = store;
  }

  /** Serves all volumes that are to be served; one that cannot be does not keep the others. */
  void start() {
    for (StorageVolume volume : store.all()) {
      if (volume.state() == StorageVolume.State.SYNC_READY) {
        parts.time().fork("open " + volume.volume(), () -> serve(volume.record().orElseThrow()));
      }
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

  /** Opens the volume and lets clients in; what keeps it from that is its trouble from then on. */
  void serve(ProtectionRecord record) {
    String name = record.volume();
    try {
      LoggedVolume volume = LoggedVolume.open(volumeParts(record), false);
      String uri = door.open(volume);
      served.put(name, new Served(volume, uri));
      troubles.remove(name);
      LOG.info("volume {} is served at {}", name, uri);
    } catch (IOException e) {
      troubles.put(name, "it is not served: " + e.getMessage());
      LOG.error("volume {} is not served", name, e);
    }
  }

  /** Lets all clients go and stops the volume cleanly. */
  void withdraw(String volume) throws IOException, InterruptedException {
    door.close(volume);
    Served was = served.remove(volume);
    if (was != null) was.volume().stop();
  }

  /** Takes away what was made for a volume; its own data and log are gone. */
  void forget(ProtectionRecord record) throws IOException, InterruptedException {
    try {
      withdraw(record.volume());
    } catch (IOException e) {
      LOG.warn("volume {} is cleared although it did not stop in order", record.volume(), e);
    }
    deleteOwn(record.volume());
    troubles.remove(record.volume());
  }

  private void deleteOwn(String volume) throws IOException {
    Directory own = store.directory(volume);
    for (String file : List.of(DATA, LOG_FILE, LoggedVolume.STATE_FILE, LoggedVolume.CUTS_FILE))
      own.delete(file);
    own.sync();
  }

  void stop() throws InterruptedException {
    for (String name : served.keySet()) {
      try {
        withdraw(name);
      } catch (IOException e) {
        LOG.error("volume {} did not stop in order; what was acknowledged stays", name, e);
      }
    }
  }

  Optional<Reply.LogFacts> facts(String volume) {
    return Optional.ofNullable(served.get(volume))
        .map(one -> {
          LogPosition position = one.volume().position();
          return new Reply.LogFacts(
              one.nbdUri(),
              (position.latest() - position.oldest()) * BLOCK_BYTES,
              position.capacityBlocks() * BLOCK_BYTES,
              0);
        });
  }

  Optional<String> trouble(String volume) {
    Served one = served.get(volume);
    if (one != null && one.volume().failure().isPresent())
      return Optional.of("writes fail: " + one.volume().failure().get().getMessage());
    return Optional.ofNullable(troubles.get(volume));
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
        new LogSettings((int) plan.tailBytes(), LogSettings.DEFAULTS.checkpointInterval()));
  }
}
