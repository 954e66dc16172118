package io.backstay.storage;

import io.backstay.log.LoggedVolume;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Shipping;
import io.backstay.model.SizeChange;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.DeviceFacts;
import io.backstay.seam.Directory;
import io.backstay.server.RoleParts;
import io.backstay.volume.LedgerEntry;
import io.backstay.volume.OperationRole;
import io.backstay.volume.RunningOperation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import java.io.IOException;
import java.util.Collection;
import java.util.Optional;

/** What a storage does in its operations. */
final class StorageOperations implements OperationRole<StorageVolume> {
  private final RoleParts parts;
  private final VolumeStore<StorageVolume> store;
  private final LoggedVolumes logged;

  StorageOperations(RoleParts parts, VolumeStore<StorageVolume> store, LoggedVolumes logged) {
    this.parts = parts;
    this.store = store;
    this.logged = logged;
  }

  @Override
  public StorageVolume admit(
      StorageVolume before, Command.Start start, Collection<OperationKind> running)
      throws RefusedException, IOException {
    if (start.work() instanceof Work.AddVolume add && isSame(before, add)) return before;
    requireLog(before, start);
    StorageVolume.table(kind(before, start))
        .admit(start.volume(), before.state(), start.work().kind(), running);
    return switch (start.work()) {
      case Work.AddVolume add -> {
        check(start.volume(), parts.records().check(add.record()));
        yield before;
      }
      case Work.Resize resize -> {
        checkSize(before, parts.records().check(resize.record()));
        yield before;
      }
      case Work.SetVolume set -> {
        before.record().orElseThrow().requireNext(parts.records().check(set.record()));
        yield before;
      }
      case Work.FullBackup backup -> {
        requireProxy(before, start);
        yield before;
      }
      case Work.ClearVolume clear -> before;
      case Work.Snapshot snapshot -> before;
      case Work.Restore other -> throw notHere(start);
      case Work.Verify other -> throw notHere(start);
      case Work.DeletePoint other -> throw notHere(start);
      case Work.Apply other -> throw notHere(start);
      case Work.Merge other -> throw notHere(start);
    };
  }

  private static void requireLog(StorageVolume before, Command.Start start)
      throws RefusedException {
    boolean plain =
        before.record().map(ProtectionRecord::kind).equals(Optional.of(VolumeKind.PLAIN));
    if (!plain || !(start.work() instanceof Work.Snapshot)) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NEEDS_LOG, "a plain volume has no log")
            .attempted("take a snapshot of " + start.volume())
            .next("make a full backup, or add it as a logged volume"));
  }

  /** An image of a logged volume is exact only with its log (rule X4). */
  private static void requireProxy(StorageVolume before, Command.Start start)
      throws RefusedException {
    Optional<Shipping> shipping = before.record().flatMap(ProtectionRecord::shipping);
    if (shipping.isEmpty() || !shipping.get().proxies().isEmpty()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.WRONG_STATE, "the volume's record names no proxy")
            .attempted("full backup of " + start.volume())
            .found("nobody who would take its log to the archive")
            .next("backstay volume set %s --proxy p0 names one".formatted(start.volume())));
  }

  private VolumeKind kind(StorageVolume before, Command.Start start) throws RefusedException {
    if (before.record().isPresent()) return before.record().get().kind();
    return start.work() instanceof Work.AddVolume add
        ? parts.records().check(add.record()).kind()
        : VolumeKind.PLAIN;
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
    if (record.log().isPresent()) {
      String log = record.log().get().path();
      if (!log.equals(logged.ownPlace(volume).log()))
        checkLog(volume, parts.devices().examine(log));
      if (record.device().equals(logged.ownPlace(volume).data())) return;
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

  /** That the volume can be that large; nothing has changed yet (rule L9). */
  private void checkSize(StorageVolume before, ProtectionRecord record)
      throws RefusedException, IOException {
    SizeChange change = SizeChange.between(before.record().orElseThrow(), record);
    long served = logged.sizeBytes(before.volume()).orElse(change.fromBytes());
    new SizeChange(before.volume(), served, change.toBytes()).requireGrowth();
    if (logged.isOwnData(record)) return;
    change.requireRoom(record.device(), parts.devices().examine(record.device()).sizeBytes());
  }

  /** A log is made only where nothing is lost by that (rule K6). */
  private static void checkLog(String volume, DeviceFacts facts) throws RefusedException {
    if (facts.empty()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_EMPTY, "the log device holds something")
            .attempted("make the log of %s at %s".formatted(volume, facts.path()))
            .found("%s of %d bytes".formatted(facts.kind(), facts.sizeBytes()))
            .next("give a path where nothing is, or an empty block device (blkdiscard -z)"));
  }

  @Override
  public Conclusion<StorageVolume> attempt(RunningOperation operation)
      throws RefusedException, IOException, InterruptedException {
    return switch (operation.entry().work()) {
      case Work.AddVolume add -> {
        ProtectionRecord record = parts.records().check(add.record());
        boolean hasLog = record.kind() == VolumeKind.LOGGED;
        // A volume that was taken before keeps what its clients wrote.
        boolean isNew = store.get(operation.volume()).record().isEmpty();
        if (hasLog && isNew) make(record);
        yield new Conclusion<>(
            new WorkResult.VolumeAdded(record.sizeBytes()),
            before -> before.ready(add.record(), record),
            () -> {
              if (hasLog && isNew) logged.serve(record);
            });
      }
      case Work.Resize resize -> {
        ProtectionRecord record = parts.records().check(resize.record());
        StorageVolume known = store.get(operation.volume());
        if (record.kind() == VolumeKind.LOGGED) logged.resize(known, record);
        yield new Conclusion<>(
            new WorkResult.VolumeResized(record.sizeBytes()),
            before -> before.under(resize.record(), record));
      }
      case Work.SetVolume set -> {
        ProtectionRecord record = parts.records().check(set.record());
        yield new Conclusion<>(
            new WorkResult.VolumeSet(record.version()),
            before -> before.under(set.record(), record),
            () -> store.get(operation.volume()).record().ifPresent(logged::follow));
      }
      case Work.ClearVolume clear -> {
        forget(store.get(operation.volume()).record());
        yield new Conclusion<>(new WorkResult.VolumeCleared(0, 0), StorageVolume::clear);
      }
      case Work.FullBackup backup -> {
        ProtectionRecord record = store.get(operation.volume()).record().orElseThrow();
        if (record.kind() == VolumeKind.PLAIN)
          yield new Conclusion<>(
              new FullBackupSender(parts, record, backup).send(operation), before -> before);
        LoggedVolume served = logged.served(operation.volume(), store.get(operation.volume()));
        yield new Conclusion<>(
            new LoggedBackupSender(parts, record, backup, served).send(operation),
            before -> before.in(StorageVolume.State.TARGET));
      }
      case Work.Snapshot snapshot -> {
        LoggedVolume served = logged.served(operation.volume(), store.get(operation.volume()));
        yield new Conclusion<>(
            new WorkResult.SnapshotMade(
                served.snapshot(snapshot.label(), Optional.of(operation.operation()))),
            before -> before);
      }
      case Work.Restore other -> throw new IllegalStateException("admitted " + other);
      case Work.Verify other -> throw new IllegalStateException("admitted " + other);
      case Work.DeletePoint other -> throw new IllegalStateException("admitted " + other);
      case Work.Apply other -> throw new IllegalStateException("admitted " + other);
      case Work.Merge other -> throw new IllegalStateException("admitted " + other);
    };
  }

  private void forget(Optional<ProtectionRecord> record) throws IOException, InterruptedException {
    if (record.isPresent() && record.get().kind() == VolumeKind.LOGGED) logged.forget(record.get());
  }

  /** What was served once is not made again: it would be gone, whatever became of its metadata. */
  private void make(ProtectionRecord record) throws RefusedException, IOException {
    String volume = record.volume();
    Directory own = store.directory(volume);
    if (!own.has(LoggedVolume.STATE_FILE)) {
      logged.make(record);
      return;
    }
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_EMPTY, "a volume of that name was served here")
            .attempted("make the log of " + volume)
            .found("its files in %s, but no metadata".formatted(own.description()))
            .next("put back the file 'metadata' there from a copy, or move the directory away"));
  }

  @Override
  public StorageVolume givenUp(StorageVolume before, LedgerEntry entry) {
    return before;
  }
}
