package io.backstay.archive;

import io.backstay.model.Hold;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.model.SizeChange;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.server.RoleParts;
import io.backstay.target.Targets;
import io.backstay.volume.LedgerEntry;
import io.backstay.volume.OperationRole;
import io.backstay.volume.RunningOperation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an archive does in its operations. */
final class ArchiveOperations implements OperationRole<ArchiveVolume> {
  private static final Logger LOG = LoggerFactory.getLogger(ArchiveOperations.class);

  /** How long a hold outlives an operation that parks (rule X10). */
  static final Duration HELD_AFTER_PARKING = Duration.ofHours(24);

  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final Intakes intakes;
  private final Targets targets;
  private final VolumeHistories histories;
  private final PointImages points;
  private final Admission admission;
  private final ApplyWork applies;
  private final MergeWork merges;
  private final PointDeletion deletions;

  ArchiveOperations(
      RoleParts parts,
      VolumeStore<ArchiveVolume> store,
      Intakes intakes,
      Targets targets,
      VolumeHistories histories,
      PointImages points) {
    this.parts = parts;
    this.store = store;
    this.intakes = intakes;
    this.targets = targets;
    this.histories = histories;
    this.points = points;
    this.admission = new Admission(parts);
    this.applies = new ApplyWork(parts, store, histories, points);
    this.merges = new MergeWork(parts, store, histories, points);
    this.deletions = new PointDeletion(store, histories, points, merges, admission);
  }

  @Override
  public void prepare(Command.Start start) throws InterruptedException {
    if (start.work() instanceof Work.ClearVolume) intakes.displace(start.volume());
  }

  @Override
  public ArchiveVolume admit(
      ArchiveVolume before, Command.Start start, Collection<OperationKind> running)
      throws RefusedException, IOException {
    if (start.work() instanceof Work.AddVolume add && isSame(before, add)) return before;
    ArchiveVolume.TABLE.admit(
        start.volume(), before.state(), start.work().kind(), running(start, running));
    Instant now = parts.time().now();
    return switch (start.work()) {
      case Work.AddVolume add -> {
        check(start.volume(), parts.records().check(add.record()));
        yield before;
      }
      case Work.Resize resize -> {
        ProtectionRecord record = parts.records().check(resize.record());
        SizeChange.between(before.record().orElseThrow(), record);
        new SizeChange(start.volume(), before.newestBytes(), record.sizeBytes()).requireGrowth();
        yield before;
      }
      case Work.ClearVolume clear -> {
        admission.refuseHeld(before, start, gid -> true);
        yield before.images().isEmpty()
            ? before
            : admission.using(before, clear.grant(), "clear-volume", "", clear.inputHash());
      }
      case Work.DeletePoint delete -> deletions.admit(before, start, delete);
      case Work.Restore restore -> hold(before, start, restore.gid(), now);
      case Work.Verify verify -> hold(before, start, verify.gid(), now);
      case Work.SetVolume set -> throw notHere(start);
      case Work.FullBackup backup -> throw notHere(start);
      case Work.Snapshot snapshot -> throw notHere(start);
      case Work.Apply apply -> applies.admit(before, start, apply);
      case Work.Merge merge -> merges.admit(before, start, merge);
    };
  }

  private static RefusedException notHere(Command.Start start) {
    return new RefusedException(
        RefusalCode.UNSUPPORTED,
        "%s is started at the storage".formatted(start.work().kind().word()));
  }

  private Collection<OperationKind> running(
      Command.Start start, Collection<OperationKind> inLedger) {
    List<OperationKind> all = new ArrayList<>(inLedger);
    if (intakes.isActive(start.volume())) all.add(OperationKind.FULL_BACKUP);
    return all;
  }

  private static boolean isSame(ArchiveVolume before, Work.AddVolume add) {
    return before.signed().isPresent()
        && before.signed().get().content().equals(add.record().content());
  }

  private void check(String volume, ProtectionRecord record) throws RefusedException {
    if (record.volume().equals(volume) && record.archives().contains(parts.config().name())) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.BAD_INPUT, "the record is not for this volume on this archive")
            .attempted("add %s on %s".formatted(volume, parts.config().name()))
            .found("a record of %s on %s".formatted(record.volume(), record.archives())));
  }

  /**
   * The hold is durable with the ledger entry, before the first read that it protects (rule X10).
   */
  private ArchiveVolume hold(ArchiveVolume before, Command.Start start, long gid, Instant now)
      throws RefusedException, IOException {
    points.of(before).require(gid, start.work().kind().word());
    return before.hold(new Hold(start.operation(), gid, now.plus(HELD_AFTER_PARKING)));
  }

  @Override
  public Conclusion<ArchiveVolume> attempt(RunningOperation operation)
      throws RefusedException, IOException, InterruptedException {
    ArchiveVolume volume = store.get(operation.volume());
    return switch (operation.entry().work()) {
      case Work.AddVolume add -> {
        ProtectionRecord record = parts.records().check(add.record());
        Optional<ArchiveVolume> found = foundAgain(volume, add.record(), record);
        yield new Conclusion<>(
            new WorkResult.VolumeAdded(record.sizeBytes()),
            before ->
                isSame(before, add)
                    ? before
                    : found
                        .map(again -> again.with(before.ledger()))
                        .orElseGet(() -> before.ready(add.record(), record)));
      }
      case Work.Resize resize -> {
        ProtectionRecord record = parts.records().check(resize.record());
        yield new Conclusion<>(
            new WorkResult.VolumeResized(record.sizeBytes()),
            before -> before.under(resize.record(), record));
      }
      case Work.ClearVolume clear -> {
        long bytes = volume.images().stream().mapToLong(image -> image.point().storedBytes()).sum();
        yield new Conclusion<>(
            new WorkResult.VolumeCleared(volume.images().size(), bytes),
            before -> {
              admission.requireFree(before, gid -> true);
              return before.clear();
            },
            () -> histories.tidy(operation.volume()));
      }
      case Work.DeletePoint delete -> deletions.attempt(operation, delete);
      case Work.Restore restore -> {
        try (PointImage image = points.open(operation.volume(), restore.gid())) {
          WorkResult.Restored result =
              new RestoreRun(parts, targets, restore).restore(operation, image);
          yield new Conclusion<>(result, before -> before.release(operation.operation()));
        }
      }
      case Work.Verify verify -> {
        try (PointImage image = points.open(operation.volume(), verify.gid())) {
          WorkResult.Verified result = new VerifyRun(parts, verify).verify(operation, image);
          yield new Conclusion<>(result, before -> before.release(operation.operation()));
        }
      }
      case Work.SetVolume other -> throw new IllegalStateException("admitted " + other);
      case Work.FullBackup other -> throw new IllegalStateException("admitted " + other);
      case Work.Snapshot other -> throw new IllegalStateException("admitted " + other);
      case Work.Apply apply -> applies.attempt(operation, apply);
      case Work.Merge merge -> merges.attempt(operation, merge);
    };
  }

  /**
   * What lies in the directory of a volume whose metadata was lost (rule X9); empty where nothing
   * does, as in that of a new one.
   */
  private Optional<ArchiveVolume> foundAgain(
      ArchiveVolume volume, Signed signed, ProtectionRecord record) throws IOException {
    if (!volume.isNew()) return Optional.empty();
    Rebuild.Found found = Rebuild.of(store.directory(record.volume()), signed, record);
    for (String left : found.left()) LOG.warn("{}: not used: {}", record.volume(), left);
    if (found.metadata().images().isEmpty()) return Optional.empty();
    LOG.warn(
        "{}: its metadata was lost, {} images and their diffs were found again",
        record.volume(),
        found.metadata().images().size());
    return Optional.of(found.metadata());
  }

  @Override
  public ArchiveVolume givenUp(ArchiveVolume before, LedgerEntry entry) {
    return ApplyWork.givenUp(before.release(entry.operation()), entry);
  }

  @Override
  public ArchiveVolume parked(ArchiveVolume before, LedgerEntry entry) {
    Instant until = parts.time().now().plus(HELD_AFTER_PARKING);
    return before.holds().stream()
        .filter(hold -> hold.operation().equals(entry.operation()))
        .findFirst()
        .map(hold -> before.hold(new Hold(hold.operation(), hold.gid(), until)))
        .orElse(before);
  }
}
