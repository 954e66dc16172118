package io.backstay.storage;

import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.DeviceFacts;
import io.backstay.server.RoleParts;
import io.backstay.volume.LedgerEntry;
import io.backstay.volume.OperationRole;
import io.backstay.volume.RunningOperation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import java.io.IOException;
import java.util.Collection;

/** What a storage does in its operations. */
final class StorageOperations implements OperationRole<StorageVolume> {
  private final RoleParts parts;
  private final VolumeStore<StorageVolume> store;

  StorageOperations(RoleParts parts, VolumeStore<StorageVolume> store) {
    this.parts = parts;
    this.store = store;
  }

  @Override
  public StorageVolume admit(
      StorageVolume before, Command.Start start, Collection<OperationKind> running)
      throws RefusedException, IOException {
    if (start.work() instanceof Work.AddVolume add && isSame(before, add)) return before;
    StorageVolume.PLAIN.admit(start.volume(), before.state(), start.work().kind(), running);
    return switch (start.work()) {
      case Work.AddVolume add -> {
        check(start.volume(), parts.records().check(add.record()));
        yield before;
      }
      case Work.FullBackup backup -> before;
      case Work.ClearVolume clear -> before;
      case Work.Restore other -> throw notHere(start);
      case Work.Verify other -> throw notHere(start);
      case Work.DeletePoint other -> throw notHere(start);
    };
  }

  private static RefusedException notHere(Command.Start start) {
    return new RefusedException(
        RefusalCode.UNSUPPORTED,
        "a storage does not do " + start.work().kind().word() + ", an archive does");
  }

  private static boolean isSame(StorageVolume before, Work.AddVolume add) {
    return before.signed().isPresent()
        && before.signed().get().content().equals(add.record().content());
  }

  private void check(String volume, ProtectionRecord record) throws RefusedException, IOException {
    if (!record.volume().equals(volume) || !record.storage().equals(parts.config().name())) {
      throw new RefusedException(
          Refusal.of(RefusalCode.BAD_INPUT, "the record is not for this volume on this storage")
              .attempted("add %s on %s".formatted(volume, parts.config().name()))
              .found("a record of %s on %s".formatted(record.volume(), record.storage())));
    }
    if (record.kind() != VolumeKind.PLAIN) {
      throw new RefusedException(
          RefusalCode.UNSUPPORTED,
          "this release serves plain volumes, not " + record.kind().word());
    }
    DeviceFacts facts = parts.devices().examine(record.device());
    if (facts.kind() == DeviceFacts.Kind.ABSENT || facts.sizeBytes() < record.sizeBytes()) {
      throw new RefusedException(
          Refusal.of(
                  facts.kind() == DeviceFacts.Kind.ABSENT
                      ? RefusalCode.NOT_FOUND
                      : RefusalCode.SOURCE_SHORTER,
                  "the source is not what the record says")
              .attempted(
                  "add %s from %s with %d bytes"
                      .formatted(volume, record.device(), record.sizeBytes()))
              .found("%s of %d bytes".formatted(facts.kind(), facts.sizeBytes()))
              .next("give the path of an existing file or block device"));
    }
  }

  @Override
  public Conclusion<StorageVolume> attempt(RunningOperation operation)
      throws RefusedException, IOException, InterruptedException {
    return switch (operation.entry().work()) {
      case Work.AddVolume add -> {
        ProtectionRecord record = parts.records().check(add.record());
        yield new Conclusion<>(
            new WorkResult.VolumeAdded(record.sizeBytes()),
            before -> before.ready(add.record(), record));
      }
      case Work.ClearVolume clear ->
          new Conclusion<>(new WorkResult.VolumeCleared(0, 0), StorageVolume::clear);
      case Work.FullBackup backup -> {
        ProtectionRecord record = store.get(operation.volume()).record().orElseThrow();
        yield new Conclusion<>(
            new FullBackupSender(parts, record, backup).send(operation), before -> before);
      }
      case Work.Restore other -> throw new IllegalStateException("admitted " + other);
      case Work.Verify other -> throw new IllegalStateException("admitted " + other);
      case Work.DeletePoint other -> throw new IllegalStateException("admitted " + other);
    };
  }

  @Override
  public StorageVolume givenUp(StorageVolume before, LedgerEntry entry) {
    return before;
  }
}
