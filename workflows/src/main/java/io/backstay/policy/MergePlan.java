package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.wire.CatalogView;
import java.util.Optional;

/** Which diffs of which archive are folded into one another. */
public record MergePlan(Head head, String volume, String archive, long fromGid, long toGid)
    implements Plan {
  /**
   * @param archive one of the volume's; empty for its primary
   * @throws RefusedException {@code needs-log}, {@code bad-input} or {@code unknown-server}
   */
  public static MergePlan choose(
      Head head,
      CatalogView view,
      ProtectionRecord record,
      Optional<String> archive,
      long fromGid,
      long toGid)
      throws RefusedException {
    String at = ArchiveChoice.ofDiffs(view, record, archive, "merge diffs of").name();
    return new MergePlan(head, record.volume(), at, fromGid, toGid);
  }

  @Override
  public String server() {
    return archive;
  }

  @Override
  public String words() {
    return "merge the diffs of %s from gid %d to gid %d at %s"
        .formatted(volume, fromGid, toGid, archive);
  }
}
