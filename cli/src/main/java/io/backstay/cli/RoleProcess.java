package io.backstay.cli;

import io.backstay.archive.ArchiveService;
import io.backstay.authority.Signer;
import io.backstay.catalog.CatalogService;
import io.backstay.device.FileDirectory;
import io.backstay.device.LinuxDevices;
import io.backstay.device.LinuxSharedMemories;
import io.backstay.group.DirectoryLock;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.nbd.NbdLimits;
import io.backstay.nbd.UnixDoor;
import io.backstay.nbd.VolumeDoor;
import io.backstay.proxy.ProxyService;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.server.RoleParts;
import io.backstay.server.RoleService;
import io.backstay.server.ServerConfig;
import io.backstay.server.ServerProcess;
import io.backstay.storage.StorageService;
import io.backstay.wire.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The composition root of one server process: a role and the real seams. */
final class RoleProcess {
  /** Directory of the sockets where volumes are served. */
  private static final String SOCKETS = "nbd";

  private static final String LOCK = "process.lock";

  private final ServerConfig config;
  private final Time time;

  RoleProcess(ServerConfig config, Time time) {
    this.config = config;
    this.time = time;
  }

  /** Serves until the process is told to end. */
  void run() throws IOException, InterruptedException, RefusedException {
    Path own = Files.createDirectories(Path.of(config.directory()));
    try (DirectoryLock lock = lock(own)) {
      Directory directory = FileDirectory.at(own);
      try (ServerProcess process =
          ServerProcess.open(config, Backstay.software(), directory, time)) {
        process.stopOnSignal();
        Directory state = directory.child(config.role().word());
        directory.sync(); // else a loss of power takes the name, and all that was synced below it
        process.serve(role(process, state));
        process.awaitStop();
      }
    }
  }

  /** Two processes on one directory would each believe that it is theirs alone. */
  private static DirectoryLock lock(Path own) throws IOException, RefusedException {
    Optional<DirectoryLock> lock = DirectoryLock.tryTake(own.resolve(LOCK));
    if (lock.isPresent()) return lock.get();
    throw new RefusedException(
        Refusal.of(RefusalCode.ALREADY_RUNNING, "another process serves this directory")
            .attempted("serve " + own)
            .found(own.resolve(LOCK) + " is held")
            .next("stop that process first"));
  }

  private RoleService role(ServerProcess process, Directory directory) throws IOException {
    return switch (config.role()) {
      case CATALOG -> {
        Signer signer = signer();
        yield new CatalogService(config.group(), directory, signer::sign, time, process.metrics());
      }
      case STORAGE ->
          new StorageService(
              parts(process, directory), LinuxSharedMemories.ofThisMachine(), door(process));
      case PROXY -> new ProxyService(parts(process, directory));
      case ARCHIVE ->
          new ArchiveService(
              parts(process, directory), LinuxSharedMemories.ofThisMachine(), door(process));
      case WORKER -> new WorkerService(config, process.servers(), process.metrics(), time);
      case OPERATOR, CLIENT ->
          throw new IllegalArgumentException(
              "%s: there is no server of role %s".formatted(config.name(), config.role().word()));
    };
  }

  private VolumeDoor door(ServerProcess process) throws IOException {
    UnixDoor door =
        new UnixDoor(
            Path.of(config.directory(), SOCKETS),
            config.role() == Role.ARCHIVE ? NbdLimits.EXPORTS : NbdLimits.DEFAULT,
            ServerProcess.credentials(config),
            time,
            process.metrics());
    if (config.nbdListen().isPresent()) door.listen(config.nbdListen().get());
    return door;
  }

  private RoleParts parts(ServerProcess process, Directory directory) {
    LinuxDevices devices = new LinuxDevices(time);
    return new RoleParts(
        config,
        directory,
        devices,
        time,
        process.dialer(),
        process.servers(),
        process.authority(),
        process.authority(),
        new BufferPool(buffers(), Message.ImageChunk.RANGE_BYTES, devices::memory));
  }

  /** A proxy moves no images; the log that it converts lies in memory of its own. */
  private int buffers() {
    int buffers = config.transfers().buffers();
    return config.role() == Role.PROXY ? Math.max(4, buffers / 3) : buffers;
  }

  /** The catalog's signing pair lies beside that for TLS: c0-signing.crt beside c0.crt. */
  private Signer signer() throws IOException {
    Path beside = Path.of(config.certificateFile());
    return Signer.load(
        beside.resolveSibling(config.name() + "-signing.key"),
        beside.resolveSibling(config.name() + "-signing.crt"));
  }
}
