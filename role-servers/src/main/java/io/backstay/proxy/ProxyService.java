package io.backstay.proxy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.VolumeKind;
import io.backstay.server.Authorisation;
import io.backstay.server.RoleParts;
import io.backstay.server.RoleService;
import io.backstay.volume.Operations;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.util.Optional;

/**
 * The proxy role. Its main path: {@link WlogIntake} takes the log of a volume in, interval by
 * interval; {@link IntervalConverter} makes a diff of each; {@link Spool} keeps it; {@link
 * WdiffSender} sends it to each archive.
 */
public final class ProxyService implements RoleService {
  private final RoleParts parts;
  private final VolumeStore<ProxyVolume> store;
  private final ProxyVolumes volumes;
  private final WlogIntakes intakes;
  private final Operations<ProxyVolume> operations;

  /** An interval ends with the pack with which 32 MiB have passed, of at most 4 MiB (rule M1). */
  static final int INTERVAL_BYTES_MAX = 36 << 20;

  public ProxyService(RoleParts parts) throws IOException {
    this(parts, INTERVAL_BYTES_MAX);
  }

  /**
   * @param intervalBytesMax most log between two cuts that it takes
   */
  public ProxyService(RoleParts parts, int intervalBytesMax) throws IOException {
    this.parts = parts;
    this.store = new VolumeStore<>(parts.directory(), ProxyVolume.class, ProxyVolume::unknown);
    this.volumes = new ProxyVolumes(parts, store);
    this.intakes = new WlogIntakes(parts, volumes, intervalBytesMax);
    this.operations =
        new Operations<>(
            parts.config().name(),
            parts.time(),
            store,
            new ProxyOperations(parts, store, volumes, intakes));
  }

  @Override
  public void start() throws IOException {
    store.load();
    volumes.start();
    operations.resume();
  }

  @Override
  public void measure(MeterRegistry registry) {
    SpoolMeters meters = new SpoolMeters(volumes, parts.time(), registry);
    operations.measure(registry, meters::refresh);
  }

  @Override
  public void stop() throws InterruptedException {
    operations.stop();
    for (OpenVolume volume : volumes.all()) intakes.displace(volume.name());
    volumes.close();
  }

  @Override
  public Reply answer(Peer peer, Command command)
      throws RefusedException, IOException, InterruptedException {
    return switch (command) {
      case Command.ForOperations operation -> {
        Authorisation.require(peer, "operations of a proxy", Role.WORKER, Role.OPERATOR);
        yield operations.answer(operation);
      }
      case Command.ListVolumes list ->
          new Reply.Volumes(
              store.all().stream()
                  .filter(volume -> volume.state() == ProxyVolume.State.STARTED)
                  .map(this::facts)
                  .toList());
      case Command.Kick kick -> {
        Authorisation.require(peer, "kick a volume", Role.WORKER, Role.OPERATOR);
        volumes.find(kick.volume()).ifPresent(OpenVolume::kick);
        yield new Reply.Done();
      }
      default ->
          throw new RefusedException(
              RefusalCode.UNSUPPORTED,
              "a proxy does not know " + command.getClass().getSimpleName());
    };
  }

  private Reply.VolumeFacts facts(ProxyVolume volume) {
    return new Reply.VolumeFacts(
        volume.volume(),
        VolumeKind.LOGGED,
        volume.record().map(ProtectionRecord::sizeBytes).orElse(0L),
        volume.state().name(),
        volume.record().map(ProtectionRecord::version).orElse(0L),
        volume.ledger().epoch(),
        operations.kindsRunning(volume.volume()).stream().map(kind -> kind.word()).toList(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        volumes.find(volume.volume()).map(OpenVolume::facts),
        Optional.empty());
  }

  /** Takes the log of a volume in. */
  @Override
  public void converse(Channel channel, Message opening)
      throws RefusedException, IOException, InterruptedException {
    if (!(opening instanceof Message.OpenWlog open))
      throw new RefusedException(
          RefusalCode.UNSUPPORTED, "a proxy does not take a " + opening.getClass().getSimpleName());
    intakes.take(channel, open);
  }
}
