package io.backstay.roles;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.archive.ArchiveService;
import io.backstay.log.MemoryDoor;
import io.backstay.model.Bytes;
import io.backstay.model.Grant;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.proxy.ProxyService;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.server.RoleParts;
import io.backstay.server.RoleService;
import io.backstay.storage.StorageService;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MemoryNetwork;
import io.backstay.twin.MemoryWire;
import io.backstay.twin.MortalTime;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Cbor;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A storage and an archive over in-memory disks and an in-memory wire, each of which can die and
 * come back.
 */
final class TwinGroup implements AfterEachCallback {
  static final int MIB = 1 << 20;
  static final String SOURCE = "/dev/source";

  /**
   * A server is asked again and again, as the worker does; it has processors to leave to others.
   */
  private static final long POLL_NANOS = 200_000;

  static final Peer WORKER = new Peer("g", "w0", Role.WORKER);

  private final Time clock;
  final MemoryWire wire = new MemoryWire(Time.system());
  final Server storage = new Server(Role.STORAGE, "s0", "n0");
  final Server archive = new Server(Role.ARCHIVE, "a0", "n1");
  final Server proxy = new Server(Role.PROXY, "p0", "n2");

  /** A test that wants it starts it. */
  final Server otherProxy = new Server(Role.PROXY, "p1", "n3");

  TwinGroup() {
    this(Time.system());
  }

  TwinGroup(Time clock) {
    this.clock = clock;
  }

  /** One server: its disk stays, its process comes and goes. */
  final class Server {
    MemoryDisk disk = new MemoryDisk();
    final Peer self;
    final String node;
    final String address;
    RoleService service;
    volatile Consumer<Message> saying = _ -> {};
    MemoryDoor door = new MemoryDoor();
    private MemoryNetwork network;
    private MortalTime time;

    Server(Role role, String name, String node) {
      this.self = new Peer("g", name, role);
      this.node = node;
      this.address = name + ":1";
    }

    void start() throws IOException, InterruptedException {
      network = new MemoryNetwork(wire, self);
      time = new MortalTime(clock);
      RoleParts parts =
          new RoleParts(
              TwinParts.config(self, node, address),
              disk.directory("/state"),
              disk.devices(),
              time,
              (server, at) -> network.connect(at),
              new TwinServers(self),
              TwinParts.RECORDS,
              TwinParts.GRANTS,
              new BufferPool(16, MIB));
      door = new MemoryDoor();
      service =
          switch (self.role()) {
            case STORAGE -> new StorageService(parts, disk.sharedMemories(), door);
            case PROXY -> new ProxyService(parts);
            default -> new ArchiveService(parts, disk.sharedMemories(), door);
          };
      service.start();
      Network.Listener listener = network.listen(address);
      time.fork("accept " + address, () -> acceptAll(listener));
    }

    /** As SIGKILL, and the next process. */
    void dieAndStart() throws IOException, InterruptedException {
      die();
      start();
    }

    /** As SIGKILL. */
    void die() {
      service = null;
      network.processDeath(new Random(1));
      disk.processDeath();
      time.processDeath();
    }

    /** The process died, and what it had on its disk is gone, too. */
    void loseDisk() {
      disk = new MemoryDisk();
    }

    private void acceptAll(Network.Listener listener) {
      try {
        while (true) {
          Channel channel = listener.accept();
          Channel overheard = new OverheardChannel(channel, said -> saying.accept(said));
          time.fork("conversation", () -> converse(overheard));
        }
      } catch (IOException | InterruptedException e) {
        // the process is over
      }
    }

    private void converse(Channel channel) {
      try (channel) {
        try {
          service.converse(channel, channel.receive().message());
        } catch (RefusedException e) {
          channel.send(Frame.of(new Message.Answer(new Reply.Refused(e.refusal()))));
        }
      } catch (IOException | InterruptedException e) {
        // the peer sees a closed connection
      }
    }

    OperationReport start(String operation, long epoch, Work work)
        throws RefusedException, IOException, InterruptedException {
      return report(service.answer(WORKER, new Command.Start(operation, "vol0", epoch, work)));
    }

    OperationReport watch(String operation)
        throws RefusedException, IOException, InterruptedException {
      return report(service.answer(WORKER, new Command.Watch(operation, "vol0")));
    }

    OperationReport cancel(String operation)
        throws RefusedException, IOException, InterruptedException {
      return report(service.answer(WORKER, new Command.Cancel(operation, "vol0")));
    }

    /** Watches until it is over. */
    OperationReport await(String operation)
        throws RefusedException, IOException, InterruptedException {
      OperationReport report = watch(operation);
      while (report.running()) {
        pause();
        report = watch(operation);
      }
      return report;
    }

    private static OperationReport report(Reply reply) {
      return ((Reply.Operation) reply).report();
    }
  }

  void start() throws IOException, InterruptedException {
    for (Server server : List.of(storage, archive)) {
      for (String made : List.of("/dev", "/etc", "/restore")) server.disk.directory(made).list();
    }
    storage.start();
    archive.start();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    die();
  }

  /** Their threads would go on, and keep in memory what lies on the disks. */
  void die() {
    for (Server server : all()) if (server.service != null) server.die();
  }

  /** Between two looks. */
  static void pause() {
    LockSupport.parkNanos(POLL_NANOS);
  }

  private List<Server> all() {
    return List.of(storage, archive, proxy, otherProxy);
  }

  /** The others of the group, asked without a network. */
  private final class TwinServers implements Servers {
    private final Peer self;

    TwinServers(Peer self) {
      this.self = self;
    }

    @Override
    public Reply call(String name, Command command) throws IOException, InterruptedException {
      for (Server server : all()) {
        if (server.self.name().equals(name) && server.service != null) {
          try {
            return server.service.answer(self, command);
          } catch (RefusedException e) {
            return new Reply.Refused(e.refusal());
          }
        }
      }
      throw new UnreachableException(name + " is not there", null);
    }

    @Override
    public CatalogView catalog() {
      List<ServerRecord> records =
          all().stream()
              .map(server ->
                  new ServerRecord(
                      server.self.name(), server.self.role(), server.node, server.address, ""))
              .toList();
      return new CatalogView(1, "g", Time.system().now(), records, Map.of(), Map.of(), List.of());
    }
  }

  /** Makes the source and adds the volume on both servers. */
  byte[] addVolume(int bytes, long seed)
      throws IOException, RefusedException, InterruptedException {
    byte[] content = content(bytes, seed);
    try (BlockDevice device = storage.disk.devices().create(SOURCE, bytes)) {
      write(device, content);
    }
    Work add = add(bytes);
    archive.start("add/a0", 1, add);
    archive.await("add/a0");
    storage.start("add/s0", 1, add);
    storage.await("add/s0");
    return content;
  }

  /** Where the storage keeps data and log of its own making. */
  Reply.OwnPlace ownPlace() throws IOException, RefusedException, InterruptedException {
    return (Reply.OwnPlace) storage.service.answer(WORKER, new Command.FindOwnPlace("vol0"));
  }

  /** Replaces what the source holds. */
  byte[] rewriteSource(int bytes, long seed) throws IOException {
    byte[] content = content(bytes, seed);
    try (BlockDevice device = storage.disk.devices().openWritable(SOURCE)) {
      write(device, content);
    }
    return content;
  }

  static Work add(int bytes) {
    return add(record(bytes));
  }

  static Work add(ProtectionRecord record) {
    return new Work.AddVolume(signed(Cbor.write(record)));
  }

  static Work resize(ProtectionRecord record) {
    return new Work.Resize(signed(Cbor.write(record)));
  }

  static Work set(ProtectionRecord record) {
    return new Work.SetVolume(signed(Cbor.write(record)));
  }

  WorkResult.BackedUp backUp(String operation, long epoch) throws Exception {
    storage.start(operation, epoch, backup());
    return (WorkResult.BackedUp) storage.await(operation).result().orElseThrow();
  }

  byte[] restored(String operation, long gid, String path) throws Exception {
    archive.start(operation, 0, restore(gid, path));
    assertThat(archive.await(operation).state()).isEqualTo(OperationReport.State.DONE);
    return read(archive.disk, path);
  }

  List<Point> points() throws Exception {
    return ((Reply.Points) archive.service.answer(WORKER, new Command.ListPoints("vol0"))).points();
  }

  static RefusalCode refusal(OperationReport report) {
    return report.refusal().orElseThrow().code();
  }

  Work backup() {
    return new Work.FullBackup("a0", archive.address, 0);
  }

  static Work restore(long gid, String path) {
    return restore(gid, path, Optional.empty(), Work.Overwrite.ONLY_EMPTY, Optional.empty());
  }

  static Work restore(
      long gid,
      String path,
      Optional<Work.Receiver> receiver,
      Work.Overwrite overwrite,
      Optional<Signed> grant) {
    return new Work.Restore(
        gid, receiver.isPresent() ? "n0" : "n1", receiver, path, overwrite, 0, "hash", grant);
  }

  static Signed grant(String command, String target, String nonce) {
    Grant grant =
        new Grant(
            "g",
            command,
            "vol0",
            target,
            "hash",
            Time.system().now().plus(Duration.ofHours(1)),
            nonce);
    return signed(Cbor.write(grant));
  }

  private static Signed signed(byte[] content) {
    return new Signed(Bytes.of(content), Bytes.of(new byte[0]), Bytes.of(new byte[0]));
  }

  private static ProtectionRecord record(long bytes) {
    return new ProtectionRecord(
        1, "vol0", VolumeKind.PLAIN, bytes, SOURCE, "s0", List.of("a0"), "a0");
  }

  /** Random bytes with stretches of zeroes: whole ranges, single blocks, and odd ends. */
  static byte[] content(int bytes, long seed) {
    Random random = new Random(seed);
    byte[] content = new byte[bytes];
    random.nextBytes(content);
    for (int at = 0; at < bytes; at += Payload.BLOCK_BYTES) {
      boolean zero = random.nextInt(3) == 0 || at / MIB % 4 == 2;
      if (zero)
        java.util.Arrays.fill(content, at, Math.min(bytes, at + Payload.BLOCK_BYTES), (byte) 0);
    }
    return content;
  }

  private static void write(BlockDevice device, byte[] content) throws IOException {
    ByteBuffer buffer = BufferPool.aligned(content.length);
    buffer.put(content).flip();
    device.write(0, buffer);
    device.flush();
  }

  static byte[] read(MemoryDisk disk, String path) throws IOException {
    try (BlockDevice device = disk.devices().openReadOnly(path)) {
      ByteBuffer buffer = BufferPool.aligned((int) device.sizeBytes());
      device.read(0, buffer);
      byte[] content = new byte[(int) device.sizeBytes()];
      buffer.flip().get(content);
      return content;
    }
  }
}
