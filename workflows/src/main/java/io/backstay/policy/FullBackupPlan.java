package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.wire.CatalogView;
import java.util.Optional;

/** From which storage to which archive a full backup goes. */
public record FullBackupPlan(
    Head head,
    String volume,
    String storage,
    String archive,
    String archiveAddress,
    long sizeBytes,
    long bytesPerSecondMax)
    implements Plan {

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
    String to = archive.orElse(record.primary());
    GroupServers servers = new GroupServers(view);
    String address = servers.named(to, Role.ARCHIVE).address();
    if (!record.archives().contains(to)) {
      throw new RefusedException(
          Refusal.of(
                  RefusalCode.BAD_INPUT,
                  "%s is not an archive of %s".formatted(to, record.volume()))
              .found("archives of the volume: " + String.join(", ", record.archives())));
    }
    return new FullBackupPlan(
        head,
        record.volume(),
        record.storage(),
        to,
        address,
        record.sizeBytes(),
        bytesPerSecondMax);
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
