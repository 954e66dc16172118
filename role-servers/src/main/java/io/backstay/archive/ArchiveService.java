package io.backstay.archive;

import io.backstay.export.OpenExports;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.VolumeKind;
import io.backstay.nbd.VolumeDoor;
import io.backstay.seam.SharedMemories;
import io.backstay.server.Authorisation;
import io.backstay.server.RoleParts;
import io.backstay.server.RoleService;
import io.backstay.target.Targets;
import io.backstay.volume.Operations;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The archive role. Bytes come in through {@link Intakes} and become a point in one metadata write;
 * they go out through {@link RestoreRun}. {@link ArchiveOperations} is the door for everything that
 * is an operation.
 */
public final class ArchiveService implements RoleService {
  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final Intakes intakes;
  private final VolumeHistories histories;
  private final DiffIntake diffs;
  private final PointImages points;
  private final PointAnswers answers;
  private final ArchiveOperations role;
  private final Operations<ArchiveVolume> operations;
  private final Targets targets;
  private final Optional<OpenExports> exports;

  /** One that serves no exports. */
  public ArchiveService(RoleParts parts) throws IOException {
    this(parts, Optional.empty());
  }

  /**
   * @param memories of this machine, for the name of its life
   * @param door where exports are served
   */
  public ArchiveService(RoleParts parts, SharedMemories memories, VolumeDoor door)
      throws IOException {
    this(parts, Optional.of(new Way(memories, door)));
  }

  /** How exports are served. */
  private record Way(SharedMemories memories, VolumeDoor door) {}

  private ArchiveService(RoleParts parts, Optional<Way> way) throws IOException {
    this.parts = parts;
    this.store = new VolumeStore<>(parts.directory(), ArchiveVolume.class, ArchiveVolume::unknown);
    this.histories = new VolumeHistories(store, parts.time());
    this.intakes = new Intakes(parts, store, histories);
    this.diffs = new DiffIntake(parts, store, histories);
    this.targets =
        new Targets(
            parts.directory(),
            parts.devices(),
            parts.time(),
            parts.config().restoreRoots(),
            parts.grants());
    this.points = new PointImages(store, histories);
    this.answers = new PointAnswers(parts, store, histories, points);
    this.role = new ArchiveOperations(parts, store, intakes, targets, histories, points);
    this.operations = new Operations<>(parts.config().name(), parts.time(), store, role);
    this.exports = way.isEmpty() ? Optional.empty() : Optional.of(exports(way.get()));
  }

  private OpenExports exports(Way way) throws IOException {
    return new OpenExports(
        parts.directory(),
        parts.devices(),
        way.memories(),
        parts.time(),
        way.door(),
        new LentPoints(parts, store, points));
  }

  @Override
  public void start() throws IOException {
    store.load();
    targets.forgetOld();
    for (ArchiveVolume volume : store.all()) {
      store.update(volume.volume(), before -> before.withoutExpiredHolds(parts.time().now()));
    }
    histories.start();
    if (exports.isPresent()) exports.get().start();
    operations.resume();
  }

  @Override
  public void measure(MeterRegistry registry) {
    MultiGauge points =
        MultiGauge.builder("backstay.volume.newest.point.time")
            .description(
                "when the bytes of the newest restorable point were so; from the image, not from any job")
            .baseUnit("seconds")
            .register(registry);
    MultiGauge ages =
        MultiGauge.builder("backstay.restorable.age")
            .description("since when the newest restorable point may differ from the volume")
            .baseUnit("seconds")
            .register(registry);
    operations.measure(
        registry,
        () -> {
          points.register(rows(point -> point.time().getEpochSecond()), true);
          // It goes on growing between two refreshes, and if there are no more.
          ages.register(rows(this::ageSeconds), true);
        });
  }

  /** By evidence, not by belief: as long as nothing was written a point does not age (rule M4). */
  private double ageSeconds(Point point) {
    Instant upToDate = point.quietUntil().orElse(point.time());
    return Math.max(0, Duration.between(upToDate, parts.time().now()).toMillis() / 1000.0);
  }

  private List<MultiGauge.Row<?>> rows(ToDoubleFunction<Point> value) {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    for (ArchiveVolume volume : store.all()) {
      Tags tags = Tags.of("volume", volume.volume());
      answers.newest(volume).ifPresent(point -> rows.add(MultiGauge.Row.of(tags, point, value)));
    }
    return rows;
  }

  @Override
  public void stop() throws InterruptedException {
    if (exports.isPresent()) exports.get().stop();
    operations.stop();
    for (ArchiveVolume volume : store.all()) intakes.displace(volume.volume());
    histories.stop();
  }

  @Override
  public Reply answer(Peer peer, Command command)
      throws RefusedException, IOException, InterruptedException {
    return switch (command) {
      case Command.ForOperations operation -> {
        Authorisation.require(peer, "operations of an archive", Role.WORKER, Role.OPERATOR);
        yield operations.answer(operation);
      }
      case Command.ListVolumes list ->
          new Reply.Volumes(store.all().stream().map(this::facts).toList());
      case Command.ListPoints list -> answers.list(list);
      case Command.TakeHold hold -> {
        Authorisation.require(peer, "hold a point", Role.WORKER, Role.OPERATOR);
        answers.hold(hold);
        yield new Reply.Done();
      }
      case Command.ReleaseHold release -> {
        Authorisation.require(peer, "release a point", Role.WORKER, Role.OPERATOR);
        store.update(release.volume(), before -> before.release(release.operation()));
        yield new Reply.Done();
      }
      case Command.KeepSnapshot keep -> {
        Authorisation.require(peer, "keep a snapshot", Role.WORKER, Role.OPERATOR);
        answers.keep(keep);
        yield new Reply.Done();
      }
      case Command.HashRanges hash -> answers.hashes(hash);
      case Command.AgreeSession agree -> new SessionAgreement(store, histories).agree(peer, agree);
      case Command.OpenExport open -> {
        Authorisation.require(peer, "export a point", Role.WORKER, Role.OPERATOR);
        yield new Reply.Exports(List.of(exports().open(open)));
      }
      case Command.CloseExport close -> {
        Authorisation.require(peer, "close an export", Role.WORKER, Role.OPERATOR);
        exports().close(close);
        yield new Reply.Done();
      }
      case Command.ListExports list -> new Reply.Exports(exports().list(list.volume()));
      default ->
          throw new RefusedException(
              RefusalCode.UNSUPPORTED,
              "an archive does not know " + command.getClass().getSimpleName());
    };
  }

  private OpenExports exports() throws RefusedException {
    return exports.orElseThrow(
        () -> new RefusedException(RefusalCode.UNSUPPORTED, "this archive serves no exports"));
  }

  private Reply.VolumeFacts facts(ArchiveVolume volume) {
    List<String> running =
        new ArrayList<>(
            operations.kindsRunning(volume.volume()).stream().map(kind -> kind.word()).toList());
    if (intakes.isActive(volume.volume())) running.add("receiving");
    return new Reply.VolumeFacts(
        volume.volume(),
        volume.record().map(ProtectionRecord::kind).orElse(VolumeKind.PLAIN),
        volume.record().map(ProtectionRecord::sizeBytes).orElse(0L),
        volume.state().name(),
        volume.record().map(ProtectionRecord::version).orElse(0L),
        volume.ledger().epoch(),
        running,
        answers.newest(volume),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        answers.chain(volume));
  }

  /** Takes an image of a volume in, or diffs. */
  @Override
  public void converse(Channel channel, Message opening)
      throws RefusedException, IOException, InterruptedException {
    switch (opening) {
      case Message.OpenImage open -> {
        intakes.take(channel, open, operations.kindsRunning(open.volume()));
        histories.tidy(open.volume());
      }
      case Message.OpenWdiffs open -> diffs.take(channel, open);
      default ->
          throw new RefusedException(
              RefusalCode.UNSUPPORTED,
              "an archive does not take a " + opening.getClass().getSimpleName());
    }
  }
}
