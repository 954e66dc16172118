package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import java.util.List;

/**
 * Who takes a snapshot, and who has it to be restorable.
 *
 * @param archives one of them is enough
 */
public record SnapshotPlan(Head head, String volume, String storage, List<String> archives)
    implements Plan {
  public SnapshotPlan {
    archives = List.copyOf(archives);
  }

  /**
   * @throws RefusedException {@code needs-log}
   */
  public static SnapshotPlan choose(Head head, ProtectionRecord record) throws RefusedException {
    ArchiveChoice.requireLog(record, "take a snapshot of");
    return new SnapshotPlan(head, record.volume(), record.storage(), record.archives());
  }

  @Override
  public String server() {
    return storage;
  }

  @Override
  public String words() {
    return "take a snapshot of %s at %s; it is restorable at %s when the log is there"
        .formatted(volume, storage, String.join(" or ", archives));
  }
}
