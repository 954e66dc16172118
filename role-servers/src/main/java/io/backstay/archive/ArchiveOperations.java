package io.backstay.archive;

import io.backstay.model.Grant;
import io.backstay.model.Hold;
import io.backstay.model.OperationKind;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
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
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an archive does in its operations. */
final class ArchiveOperations implements OperationRole<ArchiveVolume> {
  /** How long a hold outlives an operation that parks (rule X10). */
  static final Duration HELD_AFTER_PARKING = Duration.ofHours(24);

  private static final Logger LOG = LoggerFactory.getLogger(ArchiveOperations.class);

  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final Intakes intakes;
  private final Targets targets;

  ArchiveOperations(
      RoleParts parts, VolumeStore<ArchiveVolume> store, Intakes intakes, Targets targets) {
    this.parts = parts;
    this.store = store;
    this.intakes = intakes;
    this.targets = targets;
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
        refuseHeld(before, start, Optional.empty(), now);
        yield before.images().isEmpty()
            ? before
            : using(before, clear.grant(), "clear-volume", "", clear.inputHash());
      }
      case Work.DeletePoint delete -> {
        require(before, start, delete.gid());
        refuseNewest(before, start, delete.gid());
        refuseHeld(before, start, Optional.of(delete.gid()), now);
        yield using(
            before,
            delete.grant(),
            "delete-point",
            Long.toString(delete.gid()),
            delete.inputHash());
      }
      case Work.Restore restore -> hold(before, start, restore.gid(), now);
      case Work.Verify verify -> hold(before, start, verify.gid(), now);
      case Work.FullBackup backup -> throw notHere(start);
      case Work.Snapshot snapshot -> throw notHere(start);
      case Work.Apply apply -> throw notHere(start);
      case Work.Merge merge -> throw notHere(start);
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
  private static ArchiveVolume hold(
      ArchiveVolume before, Command.Start start, long gid, Instant now) throws RefusedException {
    require(before, start, gid);
    return before.hold(new Hold(start.operation(), gid, now.plus(HELD_AFTER_PARKING)));
  }

  static void require(ArchiveVolume volume, Command.Start start, long gid) throws RefusedException {
    if (volume.image(gid).isPresent()) return;
    String near =
        volume.images().stream()
            .map(image -> Long.toString(image.point().gid()))
            .collect(Collectors.joining(", "));
    throw new RefusedException(
        Refusal.of(RefusalCode.POINT_NOT_REACHABLE, "there is no point with gid %d".formatted(gid))
            .attempted("%s of %s".formatted(start.work().kind().word(), start.volume()))
            .found(near.isEmpty() ? "no point at all" : "points with gid " + near)
            .next("see 'backstay point list " + start.volume() + "'"));
  }

  private static void refuseNewest(ArchiveVolume before, Command.Start start, long gid)
      throws RefusedException {
    if (before.newest().orElseThrow().point().gid() != gid) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NEWEST_POINT, "the newest point is never deleted")
            .attempted("delete point %d of %s".formatted(gid, start.volume()))
            .next("make a newer one first, or clear the volume"));
  }

  /**
   * Checked in the transaction that would destroy (rule X10). A running operation's hold does not
   * expire under it.
   */
  private static void refuseHeld(
      ArchiveVolume before, Command.Start start, Optional<Long> gid, Instant now)
      throws RefusedException {
    for (Hold hold : before.holds()) {
      if (gid.isPresent() && hold.gid() != gid.get()) continue;
      boolean running =
          before.ledger().entries().stream()
              .anyMatch(e ->
                  e.operation().equals(hold.operation())
                      && e.state() == OperationReport.State.RUNNING);
      if (!running && !hold.expiry().isAfter(now)) continue;
      throw new RefusedException(
          Refusal.of(RefusalCode.HELD, "point %d is held".formatted(hold.gid()))
              .attempted("%s of %s".formatted(start.work().kind().word(), start.volume()))
              .found("held by %s until %s".formatted(hold.operation(), hold.expiry()))
              .next("wait for it, cancel it, or close the export"));
    }
  }

  /**
   * The grant's nonce is committed with the ledger entry, so that it allows this once (rule K5).
   */
  private ArchiveVolume using(
      ArchiveVolume before,
      Optional<Signed> signed,
      String command,
      String target,
      String inputHash)
      throws RefusedException {
    if (signed.isEmpty()) {
      throw new RefusedException(
          Refusal.of(RefusalCode.GRANT_REQUIRED, "what destroys needs an operator's grant")
              .attempted("%s %s %s".formatted(command, before.volume(), target).strip())
              .next("use the backstay command, which signs one"));
    }
    Grant grant = parts.grants().check(signed.get(), command, before.volume(), target, inputHash);
    if (before.ledger().hasUsed(grant.nonce())) {
      throw new RefusedException(
          RefusalCode.NOT_AUTHORISED, "this grant was used before; sign a new one");
    }
    return before.with(before.ledger().using(grant.nonce(), grant.expiry(), parts.time().now()));
  }

  @Override
  public Conclusion<ArchiveVolume> attempt(RunningOperation operation)
      throws RefusedException, IOException, InterruptedException {
    ArchiveVolume volume = store.get(operation.volume());
    return switch (operation.entry().work()) {
      case Work.AddVolume add -> {
        ProtectionRecord record = parts.records().check(add.record());
        yield new Conclusion<>(
            new WorkResult.VolumeAdded(record.sizeBytes()),
            before -> isSame(before, add) ? before : before.ready(add.record(), record));
      }
      case Work.Resize resize -> {
        ProtectionRecord record = parts.records().check(resize.record());
        yield new Conclusion<>(
            new WorkResult.VolumeResized(record.sizeBytes()),
            before -> before.resized(resize.record(), record));
      }
      case Work.ClearVolume clear -> {
        long bytes = volume.images().stream().mapToLong(image -> image.point().storedBytes()).sum();
        yield new Conclusion<>(
            new WorkResult.VolumeCleared(volume.images().size(), bytes),
            ArchiveVolume::clear,
            () -> deleteUnnamed(operation));
      }
      case Work.DeletePoint delete -> {
        long bytes =
            volume.image(delete.gid()).map(image -> image.point().storedBytes()).orElse(0L);
        yield new Conclusion<>(
            new WorkResult.PointDeleted(delete.gid(), bytes),
            before -> before.without(delete.gid()),
            () -> deleteUnnamed(operation));
      }
      case Work.Restore restore -> {
        try (StoredImage image = open(volume, restore.gid())) {
          WorkResult.Restored result =
              new RestoreRun(parts, targets, restore).restore(operation, image);
          yield new Conclusion<>(result, before -> before.release(operation.operation()));
        }
      }
      case Work.Verify verify -> {
        try (StoredImage image = open(volume, verify.gid())) {
          WorkResult.Verified result = new VerifyRun(parts, verify).verify(operation, image);
          yield new Conclusion<>(result, before -> before.release(operation.operation()));
        }
      }
      case Work.FullBackup other -> throw new IllegalStateException("admitted " + other);
      case Work.Snapshot other -> throw new IllegalStateException("admitted " + other);
      case Work.Apply other -> throw new IllegalStateException("admitted " + other);
      case Work.Merge other -> throw new IllegalStateException("admitted " + other);
    };
  }

  /** Opens the image of a point. */
  StoredImage open(ArchiveVolume volume, long gid) throws RefusedException, IOException {
    ArchiveVolume.Image image = volume.image(gid).orElseThrow();
    Point point = image.point();
    try {
      return new StoredImage(
          ImageFiles.open(store.directory(volume.volume()), image.serial(), point.sizeBytes()));
    } catch (CorruptImageException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.CORRUPT, "the evidence of point %d is damaged".formatted(gid))
              .attempted("read point %d of %s".formatted(gid, volume.volume()))
              .found(e.getMessage())
              .next("make a full backup now; other points can still be restored"));
    }
  }

  private void deleteUnnamed(RunningOperation operation) {
    try {
      ImageFiles.deleteUnnamed(store.directory(operation.volume()), store.get(operation.volume()))
          .forEach(name -> LOG.info("{} deleted {}", operation.operation(), name));
    } catch (IOException e) {
      LOG.warn(
          "{} cannot delete its image files; the next start does: {}",
          operation.operation(),
          e.toString());
    }
  }

  @Override
  public ArchiveVolume givenUp(ArchiveVolume before, LedgerEntry entry) {
    return before.release(entry.operation());
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
