package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.wire.CatalogView;
import java.time.Instant;
import java.util.Optional;

/** Up to which point of which archive diffs are folded into the base image. */
public record ApplyPlan(Head head, String volume, String archive, long gid, Instant pointTime)
    implements Plan {
  /**
   * @param archive one of the volume's; empty for its primary
   * @throws RefusedException {@code needs-log}, {@code bad-input} or {@code unknown-server}
   */
  public static String archive(CatalogView view, ProtectionRecord record, Optional<String> archive)
      throws RefusedException {
    return ArchiveChoice.ofDiffs(view, record, archive, "apply diffs of").name();
  }

  @Override
  public String server() {
    return archive;
  }

  @Override
  public String words() {
    return "make gid %d (%s) the oldest point of %s at %s"
        .formatted(gid, pointTime, volume, archive);
  }
}
