package io.backstay.storage;

import io.backstay.image.ImageReceiver;
import io.backstay.image.RangeHash;
import io.backstay.log.LogSettings;
import io.backstay.model.Bytes;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.nbd.VolumeDoor;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.SharedMemories;
import io.backstay.server.Authorisation;
import io.backstay.server.RoleParts;
import io.backstay.server.RoleService;
import io.backstay.target.Target;
import io.backstay.target.TargetOrder;
import io.backstay.target.Targets;
import io.backstay.volume.Operations;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The storage role. Its main path is a full backup: {@link StorageOperations} admits it, {@link
 * FullBackupSender} reads the volume and sends it to the archive. Beside that it writes restores
 * onto paths of its node and says what lies there.
 */
public final class StorageService implements RoleService {
  private final RoleParts parts;
  private final VolumeStore<StorageVolume> store;
  private final Operations<StorageVolume> operations;
  private final Targets targets;
  private final LoggedVolumes logged;
  private final LoggedCommands loggedCommands;

  /**
   * @param memories where the tails of logged volumes lie
   * @param door where logged volumes are served
   */
  public StorageService(RoleParts parts, SharedMemories memories, VolumeDoor door)
      throws IOException {
    this(parts, memories, door, LogSettings.DEFAULTS);
  }

  /**
   * @param usual how logs are kept, where a volume's record does not say it
   */
  public StorageService(
      RoleParts parts, SharedMemories memories, VolumeDoor door, LogSettings usual)
      throws IOException {
    this.parts = parts;
    this.store = new VolumeStore<>(parts.directory(), StorageVolume.class, StorageVolume::unknown);
    this.logged = new LoggedVolumes(parts, memories, door, store, usual);
    this.operations =
        new Operations<>(
            parts.config().name(),
            parts.time(),
            store,
            new StorageOperations(parts, store, logged));
    this.loggedCommands = new LoggedCommands(store, operations, logged);
    this.targets =
        new Targets(
            parts.directory(),
            parts.devices(),
            parts.time(),
            parts.config().restoreRoots(),
            parts.grants());
  }

  @Override
  public void start() throws IOException {
    store.load();
    targets.forgetOld();
    logged.start();
    operations.resume();
  }

  @Override
  public void measure(MeterRegistry registry) {
    LogMeters logs = new LogMeters(registry, parts.time());
    operations.measure(
        registry,
        () -> {
          logged.sample();
          logs.show(logged.allFacts());
        });
  }

  @Override
  public void stop() throws InterruptedException {
    operations.stop();
    logged.stop();
  }

  @Override
  public Reply answer(Peer peer, Command command)
      throws RefusedException, IOException, InterruptedException {
    return switch (command) {
      case Command.ForOperations operation -> {
        Authorisation.require(peer, "operations of a storage", Role.WORKER, Role.OPERATOR);
        yield operations.answer(operation);
      }
      case Command.ListVolumes list ->
          new Reply.Volumes(store.all().stream().map(this::facts).toList());
      case Command.ExamineDevice examine -> {
        Authorisation.require(peer, "look at a device", Role.WORKER, Role.OPERATOR);
        yield new Reply.DeviceFound(parts.devices().examine(examine.path()));
      }
      case Command.ForLoggedVolume change -> loggedCommands.answer(peer, change, this::facts);
      case Command.FindOwnPlace find -> logged.ownPlace(find.volume());
      case Command.HashRanges hash -> hashes(hash);
      case Command.Kick kick -> {
        Authorisation.require(peer, "kick a volume", Role.WORKER, Role.OPERATOR);
        logged.kick(kick.volume());
        yield new Reply.Done();
      }
      default ->
          throw new RefusedException(
              RefusalCode.UNSUPPORTED,
              "a storage does not know " + command.getClass().getSimpleName());
    };
  }

  private Reply.VolumeFacts facts(StorageVolume volume) {
    return new Reply.VolumeFacts(
        volume.volume(),
        volume.record().map(ProtectionRecord::kind).orElse(io.backstay.model.VolumeKind.PLAIN),
        logged
            .sizeBytes(volume.volume())
            .or(() -> volume.record().map(ProtectionRecord::sizeBytes))
            .orElse(0L),
        volume.state().name(),
        volume.record().map(ProtectionRecord::version).orElse(0L),
        volume.ledger().epoch(),
        operations.kindsRunning(volume.volume()).stream().map(kind -> kind.word()).toList(),
        Optional.empty(),
        trouble(volume).or(() -> logged.trouble(volume.volume())),
        logged.facts(volume.volume()));
  }

  private Optional<String> trouble(StorageVolume volume) {
    if (volume.record().isEmpty()) return Optional.empty();
    ProtectionRecord record = volume.record().get();
    try {
      long found = parts.devices().examine(record.device()).sizeBytes();
      return found >= record.sizeBytes()
          ? Optional.empty()
          : Optional.of(
              "%s has %d bytes, the volume has %d"
                  .formatted(record.device(), found, record.sizeBytes()));
    } catch (IOException e) {
      return Optional.of("%s cannot be examined: %s".formatted(record.device(), e.getMessage()));
    }
  }

  private Reply hashes(Command.HashRanges hash)
      throws RefusedException, IOException, InterruptedException {
    ProtectionRecord record =
        store
            .get(hash.volume())
            .record()
            .orElseThrow(() ->
                new RefusedException(RefusalCode.UNKNOWN_VOLUME, "no volume " + hash.volume()));
    try (BlockDevice device = parts.devices().openReadOnly(record.device());
        BufferPool.Lease lease = parts.pool().take()) {
      long end =
          Math.min(
              record.sizeBytes(),
              hash.offset() + (long) hash.ranges() * Message.ImageChunk.RANGE_BYTES);
      ByteBuffer hashes = ByteBuffer.allocate(Message.ImageChunk.HASH_BYTES * hash.ranges());
      for (long at = hash.offset(); at < end; at += Message.ImageChunk.RANGE_BYTES) {
        ByteBuffer buffer =
            lease.buffer().clear().limit((int) Math.min(Message.ImageChunk.RANGE_BYTES, end - at));
        device.read(at, buffer);
        hashes.put(RangeHash.of(buffer.flip()).toArray());
      }
      byte[] found = new byte[hashes.position()];
      hashes.flip().get(found);
      return new Reply.Hashes(hash.offset(), Bytes.of(found));
    }
  }

  /** Takes the restore of an image onto a path of this node (rule K6). */
  @Override
  public void converse(Channel channel, Message opening)
      throws RefusedException, IOException, InterruptedException {
    if (!(opening instanceof Message.OpenTarget open)) {
      throw new RefusedException(
          RefusalCode.UNSUPPORTED,
          "a storage does not take a " + opening.getClass().getSimpleName());
    }
    Authorisation.require(channel.peer(), "write a restore target", Role.ARCHIVE);
    TargetOrder order =
        new TargetOrder(
            open.operation(),
            open.volume(),
            open.gid(),
            open.sizeBytes(),
            open.path(),
            open.overwrite(),
            open.inputHash(),
            open.grant());
    try (Target target = targets.open(order)) {
      Message.Committed committed =
          new Message.Committed(open.gid(), parts.time().now(), Point.Proof.FROZEN);
      if (target.complete()) {
        channel.send(Frame.of(new Message.ImageResume(open.sizeBytes(), Optional.of(committed))));
        return;
      }
      new ImageReceiver(parts.time(), parts.pool(), parts.config().transfers())
          .receive(channel, target, target.resumeAt(), open.sizeBytes());
      target.finish();
      channel.send(Frame.of(committed));
    } catch (io.backstay.seam.NoSpaceException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.NO_SPACE, "no space is left at the restore target")
              .attempted("restore to " + open.path())
              .found(e.getMessage())
              .next("make room; the restore goes on by itself"));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
