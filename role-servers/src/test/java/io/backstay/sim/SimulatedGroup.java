package io.backstay.sim;

import io.backstay.archive.ArchiveService;
import io.backstay.catalog.CatalogService;
import io.backstay.log.MemoryDoor;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
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
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A catalog c0, a storage s0, a second storage s1 that receives restores, an archive a0: the real
 * services, each on a node of its own, and a supervisor that starts again what died.
 */
final class SimulatedGroup {
  private static final int RANGE_BYTES = 1 << 20;
  private static final int BUFFERS = 8;
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
  private final SimulatedServer catalog;
  private final SimulatedServer storage;
  private final SimulatedServer receiver;
  private final SimulatedServer archive;

  /**
   * @param beforeDisk hears the node and the operation before each operation of a disk
   */
  SimulatedGroup(
      SeededScheduler scheduler,
      GroupKeys keys,
      Witness witness,
      BiConsumer<String, String> beforeDisk) {
    this.scheduler = scheduler;
    this.beforeDisk = beforeDisk;
    this.random = scheduler.splitRandom();
    this.keys = keys;
    this.witness = witness;
    this.worldTime = new SimulatedTime(scheduler, world, () -> 0);
    this.wire = new MemoryWire(worldTime);
    this.transfers =
        new ServerConfig.Transfers(
            BUFFERS, RANGE_BYTES << random.nextInt(3), 5 << random.nextInt(7), 2);
    this.catalog = server("nc", Role.CATALOG, "c0", this::catalogService);
    this.storage = server("n0", Role.STORAGE, "s0", life -> storage("s0", life));
    this.archive = server("n1", Role.ARCHIVE, "a0", life -> new ArchiveService(parts("a0", life)));
    this.receiver = server("n2", Role.STORAGE, "s1", life -> storage("s1", life));
  }

  private RoleService storage(String name, SimulatedServer.Life life) throws IOException {
    return new StorageService(parts(name, life), life.mount().sharedMemories(), new MemoryDoor());
  }

  private SimulatedServer server(
      String nodeName, Role role, String name, SimulatedServer.Make make) {
    SimulatedNode node =
        new SimulatedNode(
            nodeName, random.nextBoolean() ? 4096 : 512, what -> beforeDisk.accept(nodeName, what));
    for (String made : List.of("/dev", "/restore")) node.disk().mount("mkdir").directory(made);
    nodes.add(node);
    SimulatedServer server =
        new SimulatedServer(this, node, new Peer(GroupKeys.GROUP, name, role), make);
    servers.add(server);
    return server;
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
        new GroupAuthority(keys.authority(), life.time()),
        new GroupAuthority(keys.authority(), life.time()),
        new BufferPool(BUFFERS, RANGE_BYTES));
  }

  private ServerConfig config(SimulatedServer server) {
    return new ServerConfig(
        GroupKeys.GROUP,
        server.name(),
        server.self().role(),
        server.node().name(),
        server.address(),
        Optional.empty(),
        catalog.address(),
        SimulatedNode.STATE,
        "",
        "",
        "",
        List.of("/restore"),
        Optional.empty(),
        transfers,
        Optional.empty());
  }

  SeededScheduler scheduler() {
    return scheduler;
  }

  RandomGenerator random() {
    return random;
  }

  GroupKeys keys() {
    return keys;
  }

  /** The process of whoever makes the world turn: nothing happens to it. */
  SimulatedProcess world() {
    return world;
  }

  Time worldTime() {
    return worldTime;
  }

  MemoryWire wire() {
    return wire;
  }

  Witness witness() {
    return witness;
  }

  List<SimulatedNode> nodes() {
    return nodes;
  }

  List<SimulatedServer> servers() {
    return servers;
  }

  SimulatedServer server(String name) {
    return servers.stream().filter(server -> server.name().equals(name)).findFirst().orElseThrow();
  }

  SimulatedServer catalog() {
    return catalog;
  }

  SimulatedServer storage() {
    return storage;
  }

  SimulatedServer receiver() {
    return receiver;
  }

  SimulatedServer archive() {
    return archive;
  }

  /** The servers as another one sees them, which keeps its copy of the catalog on its own disk. */
  private RemoteServers remote(Peer self, SimulatedServer.Life life) throws IOException {
    GroupDialer dialer =
        new GroupDialer(
            life.network(),
            new HelloHandshake(GroupKeys.GROUP, self.name(), "simulation", life.time()));
    return new RemoteServers(
        GroupKeys.GROUP,
        catalog.address(),
        dialer,
        new GroupAuthority(keys.authority(), life.time()),
        life.mount().directory("/known"),
        life.time());
  }

  /** The servers as a client of that name sees them, which keeps its copy of the catalog. */
  RemoteServers remote(Peer self, MemoryNetwork network, Time time) {
    GroupDialer dialer =
        new GroupDialer(
            network, new HelloHandshake(GroupKeys.GROUP, self.name(), "simulation", time));
    MemoryDisk.Mount mount = clients.mount(self.name());
    try {
      return new RemoteServers(
          GroupKeys.GROUP,
          catalog.address(),
          dialer,
          new GroupAuthority(keys.authority(), time),
          mount.directory("/" + self.role().word()),
          time);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts all servers and enters them in the catalog. */
  void begin() throws IOException, InterruptedException {
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
  void onBegin(Consumer<String> listener) {
    onBegin = listener;
  }

  void begins(SimulatedServer server) {
    onBegin.accept(server.name());
  }

  /** The supervisor hears of a death, and starts it again after a while. */
  void died(SimulatedServer server) {
    long delay = random.nextLong(1_000_000, RESTART_NANOS_MAX);
    scheduler.at(scheduler.nanos() + delay, server::start);
  }

  void say(String what) {
    scheduler.trace().line(scheduler.nanos(), "world", what);
  }
}
