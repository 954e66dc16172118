package io.backstay.activity;

import io.backstay.model.Cut;
import io.backstay.model.Hold;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.DeviceFacts;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * A storage, a proxy or an archive of {@link MemoryServers} with the ledger of rule K3: the same id
 * with the same work attaches, with other work it is refused; a lower epoch is fenced, a higher one
 * ends what runs; what ended answers from the ledger.
 */
final class MemoryServer {
  /** Each look at an operation moves it by so much. */
  static final long STEP_BYTES = 1 << 20;

  final ServerRecord record;
  final Map<String, MemoryOperation> ledger = new LinkedHashMap<>();
  final Map<String, ProtectionRecord> volumes = new TreeMap<>();
  final MemoryPoints points = new MemoryPoints();
  final Map<String, Hold> holds = new TreeMap<>();
  final Map<String, Long> devices = new HashMap<>();
  final Map<String, Reply.LogFacts> logs = new HashMap<>();
  final Map<String, Reply.SpoolFacts> spools = new HashMap<>();
  final Map<String, Reply.ChainFacts> chains = new HashMap<>();
  final Set<String> written = new TreeSet<>();
  boolean stuck;
  private final Time time;
  private final MemoryServers group;
  private final MemoryExports exports;
  private final Map<String, Long> epochs = new HashMap<>();
  private final Map<String, Long> partial = new HashMap<>();

  MemoryServer(ServerRecord record, Time time, MemoryServers group) {
    this.record = record;
    this.time = time;
    this.group = group;
    this.exports = new MemoryExports(time);
  }

  Reply answer(Command command) throws RefusedException {
    return switch (command) {
      case Command.Start start -> look(start(start));
      case Command.Watch watch -> look(find(watch.operation()));
      case Command.Cancel cancel -> {
        MemoryOperation operation = find(cancel.operation());
        if (operation.isOpen()) operation.state = State.CANCELLED;
        yield look(operation);
      }
      case Command.ExamineDevice examine -> new Reply.DeviceFound(examine(examine.path()));
      case Command.FindOwnPlace find ->
          new Reply.OwnPlace("/own/" + find.volume() + "/data", "/own/" + find.volume() + "/log");
      case Command.ListPoints list -> tell(list);
      case Command.KeepSnapshot keep -> {
        points.keep(keep);
        yield new Reply.Done();
      }
      case Command.OpenExport open -> {
        points.find(open.volume(), open.gid());
        yield exports.open(open);
      }
      case Command.CloseExport close -> exports.close(close);
      case Command.ListExports list -> exports.list(list);
      case Command.Kick _ -> new Reply.Done();
      case Command.ListVolumes _ -> new Reply.Volumes(facts());
      case Command.TakeHold hold -> {
        points.find(hold.volume(), hold.gid());
        holds.put(
            hold.operation(), new Hold(hold.operation(), hold.gid(), time.now().plus(hold.keep())));
        yield new Reply.Done();
      }
      case Command.ReleaseHold hold -> {
        holds.remove(hold.operation());
        yield new Reply.Done();
      }
      default -> throw new RefusedException(RefusalCode.UNSUPPORTED, "not for " + record.name());
    };
  }

  private MemoryOperation find(String id) throws RefusedException {
    MemoryOperation operation = ledger.get(id);
    if (operation == null) throw new RefusedException(RefusalCode.UNKNOWN_OPERATION, "no " + id);
    return operation;
  }

  private MemoryOperation start(Command.Start start) throws RefusedException {
    MemoryOperation known = ledger.get(start.operation());
    if (known == null) return begin(start);
    if (!known.start.work().withoutGrant().equals(start.work().withoutGrant())) {
      throw new RefusedException(RefusalCode.DIFFERENT_INPUT, start.operation() + " differs");
    }
    if (known.state == State.PARKED) known.state = State.RUNNING;
    return known;
  }

  private MemoryOperation begin(Command.Start start) throws RefusedException {
    long seen = epochs.getOrDefault(start.volume(), 0L);
    if (start.epoch() > 0 && start.epoch() < seen) {
      throw new RefusedException(
          RefusalCode.FENCED, "epoch %d is below %d".formatted(start.epoch(), seen));
    }
    if (start.epoch() > seen) supersede(start.volume());
    admit(start);
    epochs.merge(start.volume(), start.epoch(), Math::max);
    MemoryOperation begun =
        new MemoryOperation(start, partial.getOrDefault(start.volume(), 0L), time.now());
    ledger.put(start.operation(), begun);
    return begun;
  }

  private void supersede(String volume) {
    for (MemoryOperation older : ledger.values()) {
      if (!older.start.volume().equals(volume) || older.start.epoch() == 0) continue;
      if (older.isOpen()) {
        older.refuse(Refusal.of(RefusalCode.SUPERSEDED, "a higher epoch came"));
      }
    }
  }

  private void admit(Command.Start start) throws RefusedException {
    boolean known = volumes.containsKey(start.volume());
    switch (start.work()) {
      case Work.AddVolume add -> {
        if (known && !volumes.get(start.volume()).equals(read(add.record()))) {
          throw new RefusedException(RefusalCode.WRONG_STATE, "another " + start.volume());
        }
      }
      case Work.ClearVolume clear -> {
        if (record.role() != Role.PROXY) requireVolume(start.volume());
        if (!points.of(start.volume()).isEmpty()) requireGrant(clear.grant());
        for (Hold hold : holds.values()) {
          throw new RefusedException(RefusalCode.HELD, "held by " + hold.operation());
        }
      }
      case Work.FullBackup _, Work.Resize _, Work.SetVolume _ -> requireVolume(start.volume());
      case Work.Restore restore -> {
        points.find(start.volume(), restore.gid());
        if (!written.add(restore.path())) {
          if (restore.overwrite() == Work.Overwrite.ONLY_EMPTY) {
            throw new RefusedException(RefusalCode.NOT_EMPTY, restore.path() + " is not empty");
          }
          requireGrant(restore.grant());
        }
      }
      case Work.Verify verify -> points.find(start.volume(), verify.gid());
      case Work.DeletePoint delete -> {
        points.find(start.volume(), delete.gid());
        if (points.of(start.volume()).getLast().gid() == delete.gid()) {
          throw new RefusedException(RefusalCode.NEWEST_POINT, "the newest point");
        }
        requireGrant(delete.grant());
      }
      case Work.Snapshot _ -> requireVolume(start.volume());
      case Work.Apply apply -> {
        points.find(start.volume(), apply.gid());
        requireGrant(apply.grant());
      }
      case Work.Merge merge -> {
        requireVolume(start.volume());
        requireGrant(merge.grant());
      }
    }
  }

  private static void requireGrant(Optional<Signed> grant) throws RefusedException {
    if (grant.isEmpty()) throw new RefusedException(RefusalCode.GRANT_REQUIRED, "needs a grant");
  }

  private void requireVolume(String volume) throws RefusedException {
    if (!volumes.containsKey(volume)) {
      throw new RefusedException(RefusalCode.UNKNOWN_VOLUME, "no %s here".formatted(volume));
    }
  }

  private Reply tell(Command.ListPoints list) throws RefusedException {
    requireVolume(list.volume());
    Reply.Points told = points.page(list);
    if (!stuck) points.arrive(list.volume());
    return told;
  }

  /** Moves it on by one step, unless the test holds it, and tells how far it is. */
  private Reply look(MemoryOperation operation) {
    long total = total(operation.start);
    if (operation.state == State.RUNNING && !waits(operation)) {
      operation.bytesDone = Math.min(total, operation.bytesDone + STEP_BYTES);
      operation.lastProgress = time.now();
      if (operation.start.work() instanceof Work.FullBackup) {
        partial.put(operation.start.volume(), operation.bytesDone);
      }
      if (operation.bytesDone == total) conclude(operation);
    }
    return new Reply.Operation(operation.report(record.name(), total));
  }

  private boolean waits(MemoryOperation operation) {
    operation.waiting =
        operation.start.work() instanceof Work.FullBackup backup && group.isDown(backup.archive())
            ? Optional.of("%s: connection refused".formatted(backup.archive()))
            : Optional.empty();
    return stuck || operation.waiting.isPresent();
  }

  private long total(Command.Start start) {
    boolean moves =
        start.work() instanceof Work.FullBackup
            || start.work() instanceof Work.Restore
            || start.work() instanceof Work.Verify;
    return moves ? 4 * STEP_BYTES : STEP_BYTES;
  }

  private void conclude(MemoryOperation operation) {
    String volume = operation.start.volume();
    long total = operation.bytesDone;
    switch (operation.start.work()) {
      case Work.AddVolume add -> {
        volumes.put(volume, read(add.record()));
        operation.end(new WorkResult.VolumeAdded(volumes.get(volume).sizeBytes()));
      }
      case Work.Resize resize -> {
        volumes.put(volume, read(resize.record()));
        operation.end(new WorkResult.VolumeResized(volumes.get(volume).sizeBytes()));
      }
      case Work.SetVolume set -> {
        volumes.put(volume, read(set.record()));
        operation.end(new WorkResult.VolumeSet(volumes.get(volume).version()));
      }
      case Work.ClearVolume _ -> {
        int destroyed = points.of(volume).size();
        volumes.remove(volume);
        points.forget(volume);
        operation.end(new WorkResult.VolumeCleared(destroyed, destroyed * total));
      }
      case Work.Snapshot snapshot -> {
        Cut cut = group.server(volumes.get(volume).primary()).sendSnapshot(snapshot, operation);
        operation.end(new WorkResult.SnapshotMade(cut));
      }
      case Work.Apply apply -> {
        int gone = forget(volume, point -> point.gid() < apply.gid());
        operation.end(new WorkResult.Applied(apply.gid(), gone, gone, gone * total, 1.5));
      }
      case Work.Merge merge -> {
        int gone =
            forget(
                volume,
                point ->
                    point.gid() > merge.fromGid()
                        && point.gid() < merge.toGid()
                        && !point.explicit());
        operation.end(new WorkResult.Merged(gone + 1, 1, 2 * total, total, gone, 1.5));
      }
      case Work.FullBackup backup -> operation.end(backedUp(backup, operation));
      case Work.Restore restore ->
          operation.end(
              new WorkResult.Restored(restore.gid(), restore.path(), total, total, 0, 1.5));
      case Work.Verify verify -> operation.end(new WorkResult.Verified(verify.gid(), total, 1.5));
      case Work.DeletePoint delete -> {
        forget(volume, point -> point.gid() == delete.gid());
        operation.end(new WorkResult.PointDeleted(delete.gid(), total));
      }
    }
  }

  private WorkResult backedUp(Work.FullBackup backup, MemoryOperation operation) {
    String volume = operation.start.volume();
    partial.remove(volume);
    MemoryServer archive = group.server(backup.archive());
    boolean logged = volumes.get(volume).kind() == VolumeKind.LOGGED;
    Point point = logged ? archive.sendImage(volume) : archive.addPoint(volume);
    return new WorkResult.BackedUp(
        point.gid(),
        point.time(),
        operation.bytesDone,
        operation.bytesDone - operation.startedAt,
        0,
        operation.startedAt,
        1.5,
        point.proof());
  }

  private int forget(String volume, Predicate<Point> gone) {
    int before = points.of(volume).size();
    points.removeIf(volume, gone);
    return before - points.of(volume).size();
  }

  Point addPoint(String volume) {
    Point point =
        new Point(
            points.nextGid(volume),
            time.now(),
            Optional.empty(),
            true,
            4 * STEP_BYTES,
            STEP_BYTES,
            Point.Proof.UNCHANGED);
    points.add(volume, point);
    return point;
  }

  /** Of a logged volume: after it nothing was written for so long. */
  Point cut(String volume, Instant at, boolean explicit, Optional<String> label, Duration quiet) {
    return new Point(
        points.nextGid(volume),
        at,
        label,
        true,
        4 * STEP_BYTES,
        STEP_BYTES,
        Point.Proof.FROZEN,
        explicit,
        Optional.of(at.plus(quiet)));
  }

  /** Of a logged volume: a point when its log has come, too (rule X4). */
  private Point sendImage(String volume) {
    Point point = cut(volume, time.now(), true, Optional.empty(), Duration.ZERO);
    points.send(volume, point);
    return point;
  }

  private Cut sendSnapshot(Work.Snapshot snapshot, MemoryOperation operation) {
    String volume = operation.start.volume();
    Point point = cut(volume, time.now(), true, snapshot.label(), Duration.ZERO);
    points.send(volume, point);
    return new Cut(
        1,
        point.gid(),
        point.gid(),
        point.time(),
        Optional.empty(),
        true,
        snapshot.label(),
        Optional.of(operation.start.operation()));
  }

  private DeviceFacts examine(String path) {
    Long size = devices.get(path);
    return size == null
        ? DeviceFacts.absent(path)
        : new DeviceFacts(path, DeviceFacts.Kind.FILE, size, "1:2", false);
  }

  private List<Reply.VolumeFacts> facts() {
    return volumes.values().stream()
        .map(volume ->
            new Reply.VolumeFacts(
                volume.volume(),
                volume.kind(),
                volume.sizeBytes(),
                "READY",
                volume.version(),
                epochs.getOrDefault(volume.volume(), 0L),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.ofNullable(logs.get(volume.volume())),
                Optional.ofNullable(spools.get(volume.volume())),
                Optional.ofNullable(chains.get(volume.volume()))))
        .toList();
  }

  private static ProtectionRecord read(Signed signed) {
    try {
      return Cbor.read(signed.content().toArray(), ProtectionRecord.class);
    } catch (MalformedFrameException e) {
      throw new IllegalStateException(e);
    }
  }
}
