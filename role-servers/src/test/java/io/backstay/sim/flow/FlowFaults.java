package io.backstay.sim.flow;

import io.backstay.model.Role;
import io.backstay.sim.Chaos;
import io.backstay.sim.Engine;
import io.backstay.sim.Fault;
import io.backstay.sim.Run;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedNode;
import io.backstay.sim.SimulatedServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/** How each {@link Fault} is done to a group with continuous backup, and how it heals. */
final class FlowFaults implements Chaos.Striker {
  /** All but what concerns sources without a log, and rotten bits. */
  static final Set<Fault> POSSIBLE =
      EnumSet.complementOf(EnumSet.of(Fault.ROT, Fault.SOURCE_CHANGE));

  /** More would leave nothing to look at. */
  private static final int DISK_LOSSES_MAX = 2;

  private static final long PLENTY = Long.MAX_VALUE;
  private static final Duration SHORT = Duration.ofSeconds(40);
  private static final Duration CLOCKS_AHEAD_MAX = Duration.ofDays(20);

  private final SimulatedGroup group;
  private final Engine engine;
  private final Chaos chaos;
  private final Ills ills;
  private final List<FlowVolume> volumes;
  private final Custody custody;
  private final Length length;
  private final RandomGenerator random;

  FlowFaults(
      SimulatedGroup group,
      Engine engine,
      Chaos chaos,
      Ills ills,
      List<FlowVolume> volumes,
      Custody custody,
      Length length) {
    this.group = group;
    this.engine = engine;
    this.chaos = chaos;
    this.ills = ills;
    this.volumes = volumes;
    this.custody = custody;
    this.length = length;
    this.random = chaos.random();
  }

  @Override
  public void happen(Fault fault) throws IOException {
    SimulatedServer server = any(group.servers());
    SimulatedNode node = server.node();
    switch (fault) {
      case DEATH, POWER_LOSS -> {
        if (random.nextInt(4) > 0) chaos.arm(server.name(), fault);
        else strike(server.name(), fault);
      }
      case BLACKOUT -> did(fault, "", () -> group.nodes().forEach(this::losePower));
      case STOP -> did(fault, server.name(), server::stopInOrder);
      case PAUSE -> pause(server);
      case ABSENCE -> absence(server);
      case CUT -> {
        String one = anyName();
        String other = anyName();
        did(fault, one + " " + other, () -> group.wire().cut(one, other, random));
      }
      case PARTITION -> partition(anyName(), anyName());
      case DELAY -> delay();
      case DAMAGE -> damage(anyName(), anyName());
      case FLUSH_FAILURE -> flush(node);
      case READ_ERROR, WRITE_ERROR -> badRange(fault, node, anyPath(node));
      case DISK_FULL -> full(node);
      case CLOCK_JUMP -> clockJump(node);
      case WORKER_DEATH, WORKER_SILENCE -> {
        if (random.nextInt(4) > 0) chaos.arm(engine.worker(), fault);
        else strike(engine.worker(), fault);
      }
      case CANCEL, TERMINATE -> stopRun(fault);
      case DISK_LOSS -> {
        SimulatedServer proxy = any(proxies());
        if (random.nextInt(4) > 0) chaos.arm(proxy.name(), fault);
        else strike(proxy.name(), fault);
      }
      case ROT, SOURCE_CHANGE -> throw new IllegalArgumentException("not here: " + fault);
    }
  }

  private void did(Fault fault, String what, Runnable action) {
    chaos.count(fault);
    group.say("fault: " + fault + " " + what);
    action.run();
  }

  private void later(Duration atMost, Runnable healing) {
    group.scheduler().at(group.scheduler().nanos() + chaos.someTime(atMost).toNanos(), healing);
  }

  @Override
  public void strike(String name, Fault fault) {
    switch (fault) {
      case DEATH -> did(fault, name, () -> group.server(name).die());
      case POWER_LOSS -> {
        SimulatedNode node = group.server(name).node();
        did(fault, node.name(), () -> losePower(node));
      }
      case DISK_LOSS -> loseDisk(group.server(name));
      case WORKER_DEATH -> {
        if (name.equals(engine.worker())) did(fault, name, engine::killWorker);
      }
      case WORKER_SILENCE -> {
        if (name.equals(engine.worker())) did(fault, name, this::silence);
      }
      default -> throw new IllegalArgumentException("no server is struck by " + fault);
    }
  }

  /** Its runs are taken over by another, or ended and begun anew, while it does not know. */
  private void silence() {
    engine.pauseWorker(chaos.someTime(Duration.ofSeconds(8L << random.nextInt(6))));
    for (Run run : openRuns()) {
      if (random.nextInt(3) > 0 || !chaos.has(Fault.TERMINATE)) continue;
      chaos.count(Fault.TERMINATE);
      engine.terminate(run);
    }
  }

  private List<Run> openRuns() {
    return engine.runs().stream().filter(Run::isOpen).toList();
  }

  /** All that is on a node dies, and what was not durable meets its fate. */
  void losePower(SimulatedNode node) {
    node.losePower(random);
    List<String> here = node.servers().stream().map(SimulatedServer::name).toList();
    for (FlowVolume volume : volumes)
      if (here.contains(volume.record().storage())) volume.losesPower();
  }

  private void loseDisk(SimulatedServer proxy) {
    if (chaos.counts().getOrDefault(Fault.DISK_LOSS, 0) >= DISK_LOSSES_MAX) return;
    did(
        Fault.DISK_LOSS,
        proxy.name(),
        () -> {
          try {
            custody.losesDisk(proxy);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          proxy.node().loseDisk();
        });
  }

  private List<SimulatedServer> proxies() {
    return group.servers().stream().filter(server -> server.self().role() == Role.PROXY).toList();
  }

  private void pause(SimulatedServer server) {
    Duration pause = chaos.someTime(random.nextInt(5) == 0 ? Duration.ofMinutes(40) : SHORT);
    server
        .process()
        .ifPresent(process ->
            did(
                Fault.PAUSE,
                server.name() + " " + pause,
                () -> group.scheduler().pause(process, pause.toNanos())));
  }

  /** Mostly a proxy or an archive, for minutes or for hours. */
  private void absence(SimulatedServer any) {
    SimulatedServer server = any.self().role() == Role.CATALOG ? any(group.servers()) : any;
    boolean long_ = random.nextInt(3) == 0 && server.self().role() != Role.STORAGE;
    Duration away = chaos.someTime(long_ ? length.absence() : Duration.ofMinutes(10));
    did(Fault.ABSENCE, server.name() + " " + away, () -> server.leave(away.toNanos()));
  }

  private void partition(String one, String other) {
    did(
        Fault.PARTITION,
        one + " " + other,
        () -> {
          group.wire().partition(one, other, random);
          later(Duration.ofMinutes(5), () -> group.wire().heal(one, other));
        });
  }

  private void delay() {
    Duration delay = chaos.someTime(Duration.ofMillis(500));
    did(
        Fault.DELAY,
        delay.toString(),
        () -> {
          group.wire().delay(delay);
          later(SHORT, () -> group.wire().delay(Duration.ZERO));
        });
  }

  private void damage(String from, String to) {
    int offset = random.nextInt(random.nextBoolean() ? 64 : 1 << 16);
    did(
        Fault.DAMAGE,
        from + " " + to + " " + offset,
        () -> group.wire().damageNextFrame(from, to, offset));
  }

  private void flush(SimulatedNode node) throws IOException {
    String path = anyPath(node);
    did(
        Fault.FLUSH_FAILURE,
        node.name() + " " + path,
        () -> {
          ills.befall(node);
          node.disk().failNextFlush(path);
          later(SHORT, () -> heal(node));
        });
  }

  private void badRange(Fault fault, SimulatedNode node, String path) throws IOException {
    if (node.isDirectory(path)) return;
    long size = Math.max(1, node.sizeBytes(path));
    long from = random.nextLong(size);
    long to = Math.min(size, from + (1L << random.nextInt(9, 22)));
    did(
        fault,
        "%s %s %d..%d".formatted(node.name(), path, from, to),
        () -> {
          ills.befall(node);
          if (fault == Fault.READ_ERROR) node.disk().failReads(path, from, to);
          else node.disk().failWrites(path, from, to);
          later(SHORT, () -> heal(node));
        });
  }

  private void full(SimulatedNode node) throws IOException {
    long used = node.usedBytes();
    long left = random.nextLong(1 << 20);
    did(
        Fault.DISK_FULL,
        node.name() + " " + left,
        () -> {
          ills.befall(node);
          node.disk().capacity(used + left);
          later(Duration.ofMinutes(10), () -> heal(node));
        });
  }

  private void heal(SimulatedNode node) {
    node.disk().healFaults();
    node.disk().capacity(PLENTY);
    ills.heal(node);
  }

  private void clockJump(SimulatedNode node) {
    Duration jump =
        chaos.someTime(random.nextInt(3) == 0 ? Duration.ofDays(2) : Duration.ofMinutes(40));
    if (node.clockAheadNanos() + jump.toNanos() > CLOCKS_AHEAD_MAX.toNanos()) return;
    did(Fault.CLOCK_JUMP, node.name() + " " + jump, () -> node.clockJumps(jump.toNanos()));
  }

  private void stopRun(Fault fault) {
    List<Run> open = openRuns();
    if (open.isEmpty()) return;
    Run run = any(open);
    did(
        fault,
        run.toString(),
        () -> {
          if (fault == Fault.CANCEL) engine.cancel(run);
          else engine.terminate(run);
        });
  }

  /** Everything that was wrong is mended, and who was away comes back. */
  void heal() {
    group.say("everything heals");
    group.wire().delay(Duration.ZERO);
    for (String one : names()) {
      for (String other : names()) group.wire().heal(one, other);
    }
    group.nodes().forEach(this::heal);
    group.servers().forEach(SimulatedServer::comeBack);
  }

  private List<String> names() {
    List<String> names =
        new ArrayList<>(group.servers().stream().map(SimulatedServer::name).toList());
    names.add(engine.worker());
    return names;
  }

  private String anyName() {
    return any(names());
  }

  /** Something that a server of the node keeps, or that lies at a user's path. */
  private String anyPath(SimulatedNode node) throws IOException {
    List<String> paths = new ArrayList<>();
    paths.add(SimulatedNode.STATE);
    below(node, List.of(), paths);
    for (String folder : List.of("/dev", "/restore"))
      node.look(mount -> mount.directory(folder).list())
          .forEach(name -> paths.add(folder + "/" + name));
    return any(paths);
  }

  private void below(SimulatedNode node, List<String> folder, List<String> paths)
      throws IOException {
    for (String name : node.list(folder.toArray(String[]::new))) {
      List<String> at = new ArrayList<>(folder);
      at.add(name);
      String path = SimulatedNode.STATE + "/" + String.join("/", at);
      paths.add(path);
      if (node.isDirectory(path)) below(node, at, paths);
    }
  }

  private <T> T any(List<T> some) {
    return some.get(random.nextInt(some.size()));
  }
}
