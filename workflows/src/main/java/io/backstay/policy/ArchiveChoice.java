package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.VolumeKind;
import io.backstay.wire.CatalogView;
import java.util.Optional;

/** At which archive of a volume something is done. */
public final class ArchiveChoice {
  private ArchiveChoice() {}

  /**
   * @param named one of the volume's; empty for its primary
   * @throws RefusedException {@code bad-input} or {@code unknown-server}
   */
  public static ServerRecord of(CatalogView view, ProtectionRecord record, Optional<String> named)
      throws RefusedException {
    String name = named.orElse(record.primary());
    ServerRecord archive = new GroupServers(view).named(name, Role.ARCHIVE);
    if (record.archives().contains(name)) return archive;
    throw new RefusedException(
        Refusal.of(
                RefusalCode.BAD_INPUT,
                "%s is not an archive of %s".formatted(name, record.volume()))
            .found("archives of the volume: " + String.join(", ", record.archives())));
  }

  /**
   * As {@link #of}, for what is done to the diffs of a volume.
   *
   * @throws RefusedException also {@code needs-log}
   */
  static ServerRecord ofDiffs(
      CatalogView view, ProtectionRecord record, Optional<String> named, String attempted)
      throws RefusedException {
    requireLog(record, attempted);
    return of(view, record, named);
  }

  /**
   * @throws RefusedException {@code needs-log}
   */
  public static void requireLog(ProtectionRecord record, String attempted) throws RefusedException {
    if (record.kind() == VolumeKind.LOGGED) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NEEDS_LOG, "a plain volume has no log")
            .attempted("%s %s".formatted(attempted, record.volume()))
            .next("a full backup of it makes a point"));
  }
}
