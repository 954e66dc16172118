package io.backstay.storage;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.server.RecordCheck;
import io.backstay.volume.VolumeStore;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The record of a volume as a storage keeps it (rule M3). */
final class StoredRecords implements WlogSender.Records {
  private static final Logger LOG = LoggerFactory.getLogger(StoredRecords.class);

  private final String volume;
  private final VolumeStore<StorageVolume> store;
  private final RecordCheck check;
  private final Consumer<ProtectionRecord> taken;

  /**
   * @param taken told of the newest record when it is durable
   */
  StoredRecords(
      String volume,
      VolumeStore<StorageVolume> store,
      RecordCheck check,
      Consumer<ProtectionRecord> taken) {
    this.taken = taken;
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
    store.update(volume, before -> before.under(newer, record)).record().ifPresent(taken);
    LOG.info("volume {}: took version {} of its record", volume, record.version());
  }
}
