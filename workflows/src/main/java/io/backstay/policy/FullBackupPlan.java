package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.ServerRecord;
import io.backstay.model.VolumeKind;
import io.backstay.wire.CatalogView;
import java.util.Objects;
import java.util.Optional;

/**
 * From which storage to which archive a full backup goes.
 *
 * @param kind of the volume; plans of earlier releases say nothing of it and are of plain ones
 */
public record FullBackupPlan(
    Head head,
    String volume,
    String storage,
    String archive,
    String archiveAddress,
    long sizeBytes,
    long bytesPerSecondMax,
    VolumeKind kind)
    implements Plan {
  public FullBackupPlan {
    kind = Objects.requireNonNullElse(kind, VolumeKind.PLAIN);
  }

  /**
   * @param archive one of the volume's; empty for its primary
   * @throws RefusedException {@code bad-input} or {@code unknown-server}
   */
  public static FullBackupPlan choose(
      Head head,
      CatalogView view,
      ProtectionRecord record,
      Optional<String> archive,
      long bytesPerSecondMax)
      throws RefusedException {
    ServerRecord to = ArchiveChoice.of(view, record, archive);
    return new FullBackupPlan(
        head,
        record.volume(),
        record.storage(),
        to.name(),
        to.address(),
        record.sizeBytes(),
        bytesPerSecondMax,
        record.kind());
  }

  @Override
  public String server() {
    return storage;
  }

  @Override
  public String words() {
    return "send %s of %s from %s to %s%s"
        .formatted(Plan.bytes(sizeBytes), volume, storage, archive, Plan.rate(bytesPerSecondMax));
  }
}
