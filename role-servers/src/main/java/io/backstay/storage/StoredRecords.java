package io.backstay.storage;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.server.RecordCheck;
import io.backstay.volume.VolumeStore;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The record of a volume as a storage keeps it (rule M3). */
final class StoredRecords implements WlogSender.Records {
  private static final Logger LOG = LoggerFactory.getLogger(StoredRecords.class);

  private final String volume;
  private final VolumeStore<StorageVolume> store;
  private final RecordCheck check;

  StoredRecords(String volume, VolumeStore<StorageVolume> store, RecordCheck check) {
    this.volume = volume;
    this.store = store;
    this.check = check;
  }

  @Override
  public Optional<Signed> signed() {
    return store.get(volume).signed();
  }

  @Override
  public Optional<ProtectionRecord> record() {
    return store.get(volume).record();
  }

  @Override
  public void take(Signed newer) throws RefusedException, IOException {
    ProtectionRecord record = check.check(newer);
    if (!record.volume().equals(volume))
      throw new IOException("a record of %s instead of %s".formatted(record.volume(), volume));
    store.update(
        volume,
        before -> {
          boolean isNewer =
              before.record().isPresent() && before.record().get().version() < record.version();
          return isNewer ? before.resized(newer, record) : before;
        });
    LOG.info("volume {}: took version {} of its record", volume, record.version());
  }
}
