package io.backstay.sim;

import io.backstay.archive.ArchiveService;
import io.backstay.catalog.CatalogService;
import io.backstay.log.LogSettings;
import io.backstay.log.MemoryDoor;
import io.backstay.model.OnLogFull;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.nbd.Export;
import io.backstay.proxy.ProxyService;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.server.GroupAuthority;
import io.backstay.server.GroupDialer;
import io.backstay.server.HelloHandshake;
import io.backstay.server.RemoteServers;
import io.backstay.server.RoleParts;
import io.backstay.server.RoleService;
import io.backstay.server.ServerConfig;
import io.backstay.storage.StorageService;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MemoryNetwork;
import io.backstay.twin.MemoryWire;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.backstay.wire.UnreachableException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * The servers of a group, each the real service on the disks of its node, and a supervisor that
 * starts again what died.
 */
public final class SimulatedGroup {
  /** A server, and its node; each has one of its own. */
  public record Seat(String node, Role role, String name) {}

  /** A second storage, s1, receives restores. */
  static final List<Seat> WITHOUT_LOGS =
      List.of(
          new Seat("nc", Role.CATALOG, "c0"),
          new Seat("n0", Role.STORAGE, "s0"),
          new Seat("n1", Role.ARCHIVE, "a0"),
          new Seat("n2", Role.STORAGE, "s1"));

  private static final int RANGE_BYTES = 1 << 20;
  private static final int BUFFERS = 8;

  /** Fewer, since every process that begins takes them from the machine. */
  private static final int BUFFERS_LOGGED = 4;

  /** More log than the size cuts of {@link #LOGS} let pass, and a pack. */
  private static final int INTERVAL_BYTES_MAX = 1 << 20;

  /** Small, so that a few writes are a long history. */
  private static final LogSettings LOGS =
      new LogSettings(
          128 << 10,
          Duration.ofSeconds(3),
          LogSettings.CUT_INTERVAL,
          OnLogFull.OVERFLOW,
          128 << 10);

  private static final int MEASURED_ONE_OF = 10;
  private static final long RESTART_NANOS_MAX = Duration.ofSeconds(3).toNanos();

  private final SeededScheduler scheduler;
  private final RandomGenerator random;
  private final GroupKeys keys;
  private final SimulatedProcess world = new SimulatedProcess("world");
  private final Time worldTime;
  private final MemoryWire wire;
  private final Witness witness;
  private final BiConsumer<String, String> beforeDisk;
  private Consumer<String> onBegin = server -> {};
  private final ServerConfig.Transfers transfers;
  private final MemoryDisk clients = new MemoryDisk();
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final List<SimulatedServer> servers = new ArrayList<>();
  private final Map<String, MemoryDoor> doors = new HashMap<>();

  /** Whether its volumes have logs; then its archives also serve exports. */
  private final boolean logged;

  /**
   * @param beforeDisk hears the node and the operation before each operation of a disk
   */
  public SimulatedGroup(
      SeededScheduler scheduler,
      GroupKeys keys,
      Witness witness,
      BiConsumer<String, String> beforeDisk,
      List<Seat> seats) {
    this.scheduler = scheduler;
    this.beforeDisk = beforeDisk;
    this.random = scheduler.splitRandom();
    this.keys = keys;
    this.witness = witness;
    this.worldTime = new SimulatedTime(scheduler, world, () -> 0);
    this.wire = new MemoryWire(worldTime);
    this.logged = seats.stream().anyMatch(seat -> seat.role() == Role.PROXY);
    this.transfers =
        new ServerConfig.Transfers(
            logged ? BUFFERS_LOGGED : BUFFERS,
            RANGE_BYTES << random.nextInt(3),
            5 << random.nextInt(7),
            logged && random.nextInt(4) > 0 ? 1 : 2);
    seats.forEach(this::place);
  }

  private void place(Seat seat) {
    SimulatedNode node = newNode(seat.node());
    Peer self = new Peer(GroupKeys.GROUP, seat.name(), seat.role());
    servers.add(new SimulatedServer(this, node, self, life -> service(seat, life)));
  }

  private SimulatedNode newNode(String name) {
    SimulatedNode node =
        new SimulatedNode(
            name, random.nextBoolean() ? 4096 : 512, what -> beforeDisk.accept(name, what));
    nodes.add(node);
    return node;
  }

  private RoleService service(Seat seat, SimulatedServer.Life life) throws IOException {
    return switch (seat.role()) {
      case CATALOG -> catalogService(life);
      case STORAGE -> {
        MemoryDoor door = new MemoryDoor();
        doors.put(seat.name(), door);
        yield new StorageService(
            parts(seat.name(), life), life.mount().sharedMemories(), door, LOGS);
      }
      case PROXY -> new ProxyService(parts(seat.name(), life), INTERVAL_BYTES_MAX);
      case ARCHIVE -> {
        if (!logged) yield new ArchiveService(parts(seat.name(), life));
        MemoryDoor door = new MemoryDoor();
        doors.put(seat.name(), door);
        yield new ArchiveService(parts(seat.name(), life), life.mount().sharedMemories(), door);
      }
      default -> throw new IllegalArgumentException("no server is a " + seat.role());
    };
  }

  private RoleService catalogService(SimulatedServer.Life life) {
    return new CatalogService(
        GroupKeys.GROUP,
        life.mount().directory(SimulatedNode.STATE),
        keys.catalog()::sign,
        life.time(),
        new SimpleMeterRegistry());
  }

  private RoleParts parts(String name, SimulatedServer.Life life) throws IOException {
    SimulatedServer server = server(name);
    return new RoleParts(
        config(server),
        life.mount().directory(SimulatedNode.STATE),
        life.mount().devices(),
        life.time(),
        new GroupDialer(
            life.network(), new HelloHandshake(GroupKeys.GROUP, name, "simulation", life.time())),
        remote(server.self(), life),
        keys.records(),
        new GroupAuthority(keys.authority(), life.time()),
        new BufferPool(transfers.buffers(), RANGE_BYTES));
  }

  private ServerConfig config(SimulatedServer server) {
    return new ServerConfig(
        GroupKeys.GROUP,
        server.name(),
        server.self().role(),
        server.node().name(),
        server.address(),
        Optional.empty(),
        catalog().address(),
        SimulatedNode.STATE,
        "",
        "",
        "",
        List.of("/restore"),
        Optional.empty(),
        transfers,
        Optional.empty());
  }

  /** Whether a process that begins now measures what it does: of many only some, it costs much. */
  boolean measures() {
    return !logged || random.nextInt(MEASURED_ONE_OF) == 0;
  }

  public SeededScheduler scheduler() {
    return scheduler;
  }

  public RandomGenerator random() {
    return random;
  }

  public GroupKeys keys() {
    return keys;
  }

  /** The process of whoever makes the world turn: nothing happens to it. */
  public SimulatedProcess world() {
    return world;
  }

  public Time worldTime() {
    return worldTime;
  }

  public MemoryWire wire() {
    return wire;
  }

  Witness witness() {
    return witness;
  }

  public List<SimulatedNode> nodes() {
    return nodes;
  }

  public List<SimulatedServer> servers() {
    return servers;
  }

  public SimulatedServer server(String name) {
    return servers.stream().filter(server -> server.name().equals(name)).findFirst().orElseThrow();
  }

  /**
   * What clients of a server's process see now: a storage's volume or an archive's export; empty
   * where it is not served.
   */
  public Optional<Export> export(SimulatedServer server, String name) {
    if (!server.isServing()) return Optional.empty();
    return Optional.ofNullable(doors.get(server.name()).export(name));
  }

  public SimulatedServer catalog() {
    return server("c0");
  }

  SimulatedServer storage() {
    return server("s0");
  }

  SimulatedServer receiver() {
    return server("s1");
  }

  SimulatedServer archive() {
    return server("a0");
  }

  /** The servers as another one sees them, which keeps its copy of the catalog on its own disk. */
  private RemoteServers remote(Peer self, SimulatedServer.Life life) throws IOException {
    GroupDialer dialer =
        new GroupDialer(
            life.network(),
            new HelloHandshake(GroupKeys.GROUP, self.name(), "simulation", life.time()));
    return new RemoteServers(
        GroupKeys.GROUP,
        catalog().address(),
        dialer,
        keys.records(),
        life.mount().directory("/known"),
        life.time());
  }

  /** The servers as a client of that name sees them, which keeps its copy of the catalog. */
  public RemoteServers remote(Peer self, MemoryNetwork network, Time time) {
    GroupDialer dialer =
        new GroupDialer(
            network, new HelloHandshake(GroupKeys.GROUP, self.name(), "simulation", time));
    MemoryDisk.Mount mount = clients.mount(self.name());
    try {
      return new RemoteServers(
          GroupKeys.GROUP,
          catalog().address(),
          dialer,
          keys.records(),
          mount.directory("/" + self.role().word()),
          time);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts all servers and enters them in the catalog. */
  public void begin() throws IOException, InterruptedException {
    servers.forEach(SimulatedServer::start);
    Peer operator = new Peer(GroupKeys.GROUP, "operator", Role.OPERATOR);
    RemoteServers remote = remote(operator, new MemoryNetwork(wire, operator), worldTime);
    for (SimulatedServer server : servers) {
      ServerRecord record =
          new ServerRecord(
              server.name(), server.self().role(), server.node().name(), server.address(), "");
      while (!isEntered(remote, record)) scheduler.sleep(Duration.ofSeconds(1).toNanos());
    }
  }

  private static boolean isEntered(RemoteServers remote, ServerRecord record)
      throws InterruptedException {
    try {
      Reply reply = remote.call("c0", new Command.WriteServer(record, 0));
      return reply instanceof Reply.Written;
    } catch (UnreachableException e) {
      return false;
    }
  }

  /** Who wants to know of each new life of a server. */
  public void onBegin(Consumer<String> listener) {
    onBegin = listener;
  }

  public void begins(SimulatedServer server) {
    onBegin.accept(server.name());
  }

  /** The supervisor hears of a death, and starts it again after a while. */
  void died(SimulatedServer server) {
    long delay = random.nextLong(1_000_000, RESTART_NANOS_MAX);
    scheduler.at(scheduler.nanos() + delay, server::start);
  }

  public void say(String what) {
    scheduler.trace().line(scheduler.nanos(), "world", what);
  }
}
