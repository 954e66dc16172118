package io.backstay.sim;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** How each {@link Fault} is done, and how it heals. */
final class Faults implements Chaos.Striker {
  private static final long PLENTY = Long.MAX_VALUE;
  private static final Duration SHORT = Duration.ofSeconds(20);
  private static final Duration CLOCKS_AHEAD_MAX = Duration.ofDays(20);

  private final SimulatedGroup group;
  private final Engine engine;
  private final Expectations expectations;
  private final Inspection inspection;
  private final Chaos chaos;
  private final RandomGenerator random;

  Faults(
      SimulatedGroup group,
      Engine engine,
      Expectations expectations,
      Inspection inspection,
      Chaos chaos) {
    this.group = group;
    this.engine = engine;
    this.expectations = expectations;
    this.inspection = inspection;
    this.chaos = chaos;
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
      case BLACKOUT -> blackout();
      case STOP -> did(fault, server.name(), server::stopInOrder);
      case PAUSE -> pause(server);
      case CUT -> {
        String one = anyName();
        String other = anyName();
        did(fault, one + " " + other, () -> group.wire().cut(one, other, random));
      }
      case PARTITION -> partition(anyName(), anyName());
      case DELAY -> delay();
      case DAMAGE -> damage(anyName(), anyName());
      case FLUSH_FAILURE -> {
        String path = anyPath(node);
        did(fault, node.name() + " " + path, () -> node.disk().failNextFlush(path));
      }
      case READ_ERROR -> badRange(fault, node, anyPath(node));
      case WRITE_ERROR -> badRange(fault, node, anyPath(node));
      case DISK_FULL -> full(node);
      case ROT -> rot();
      case SOURCE_CHANGE -> {
        if (random.nextInt(4) > 0) chaos.arm("s0", fault);
        else changeSource();
      }
      case CLOCK_JUMP -> clockJump(node);
      case WORKER_DEATH, WORKER_SILENCE -> {
        if (random.nextInt(4) > 0) chaos.arm(engine.worker(), fault);
        else strike(engine.worker(), fault);
      }
      case CANCEL, TERMINATE -> stopRun(fault);
      case ABSENCE, DISK_LOSS -> throw new IllegalArgumentException("not here: " + fault);
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

  /** Happens now to a server or to the worker. */
  @Override
  public void strike(String name, Fault fault) {
    switch (fault) {
      case DEATH -> did(fault, name, () -> group.server(name).die());
      case POWER_LOSS -> {
        SimulatedNode node = group.server(name).node();
        did(fault, node.name(), () -> losePower(node));
      }
      case WORKER_DEATH -> {
        if (name.equals(engine.worker())) did(fault, name, engine::killWorker);
      }
      case WORKER_SILENCE -> {
        if (name.equals(engine.worker())) did(fault, name, this::silence);
      }
      case SOURCE_CHANGE -> {
        try {
          changeSource();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      default -> throw new IllegalArgumentException("no server is struck by " + fault);
    }
  }

  /** Its runs are taken over by another, or ended and begun anew, while it does not know. */
  private void silence() {
    engine.pauseWorker(chaos.someTime(Duration.ofSeconds(8L << random.nextInt(6))));
    List<Run> open = engine.runs().stream().filter(Run::isOpen).toList();
    for (Run run : open) {
      int choice = random.nextInt(6);
      if (choice < 3 && chaos.has(Fault.TERMINATE)) {
        chaos.count(Fault.TERMINATE);
        engine.terminate(run);
      } else if (choice == 3 && chaos.has(Fault.CANCEL)) {
        chaos.count(Fault.CANCEL);
        engine.cancel(run);
      }
    }
  }

  private void losePower(SimulatedNode node) {
    node.losePower(random);
    try {
      inspection.bytes(node);
      for (VolumeModel volume : expectations.volumes().values()) volume.source().noteEvidence();
    } catch (Violation e) {
      expectations.violations().add(e);
    } catch (IOException e) {
      expectations
          .violations()
          .add(new Violation("6", node.name() + " cannot be read after a loss of power: " + e));
    }
  }

  private void blackout() {
    did(Fault.BLACKOUT, "", () -> group.nodes().forEach(this::losePower));
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

  private void partition(String one, String other) {
    did(
        Fault.PARTITION,
        one + " " + other,
        () -> {
          group.wire().partition(one, other, random);
          later(Duration.ofMinutes(1), () -> group.wire().heal(one, other));
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
    int offset = random.nextInt(random.nextBoolean() ? 64 : 1 << 20);
    did(
        Fault.DAMAGE,
        from + " " + to + " " + offset,
        () -> group.wire().damageNextFrame(from, to, offset));
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
          if (fault == Fault.READ_ERROR) node.disk().failReads(path, from, to);
          else node.disk().failWrites(path, from, to);
          later(SHORT, node.disk()::healFaults);
        });
  }

  private void full(SimulatedNode node) throws IOException {
    long used = node.usedBytes();
    long left = random.nextLong(4 << 20);
    did(
        Fault.DISK_FULL,
        node.name() + " " + left,
        () -> {
          node.disk().capacity(used + left);
          later(Duration.ofMinutes(2), () -> node.disk().capacity(PLENTY));
        });
  }

  private void rot() throws IOException {
    VolumeModel volume = any(List.copyOf(expectations.volumes().values()));
    List<PointModel> there = new ArrayList<>();
    for (JsonNode image : images(volume)) {
      PointModel point = volume.points().get(image.get("point").get("gid").asLong());
      if (point != null && !volume.rotten().contains(point.gid())) there.add(point);
    }
    if (there.isEmpty()) return;
    PointModel point = any(there);
    boolean image = random.nextBoolean();
    String path = image ? point.rawPath(volume.name()) : point.sumsPath(volume.name());
    long size = group.archive().node().sizeBytes(path);
    long offset = random.nextLong(random.nextInt(4) == 0 ? Math.min(size, 64) : size);
    did(
        Fault.ROT,
        path + " " + offset,
        () -> {
          boolean matters = !image || point.image().hasDataAt(offset);
          volume.rots(point.gid(), group.scheduler().nanos(), image && matters);
          group.archive().node().disk().rot(path, offset, random.nextInt(8));
        });
  }

  private Iterable<JsonNode> images(VolumeModel volume) throws IOException {
    return inspection
        .metadata(group.archive(), volume.name())
        .<Iterable<JsonNode>>map(meta -> meta.get("images"))
        .orElse(List.of());
  }

  private void changeSource() throws IOException {
    SourceVolume source = any(List.copyOf(expectations.volumes().values())).source();
    chaos.count(Fault.SOURCE_CHANGE);
    group.say("fault: SOURCE_CHANGE " + source.name());
    source.change(random, group.scheduler().nanos());
  }

  private void clockJump(SimulatedNode node) {
    Duration jump =
        chaos.someTime(random.nextInt(3) == 0 ? Duration.ofDays(2) : Duration.ofMinutes(40));
    if (node.clockAheadNanos() + jump.toNanos() > CLOCKS_AHEAD_MAX.toNanos()) return;
    did(Fault.CLOCK_JUMP, node.name() + " " + jump, () -> node.clockJumps(jump.toNanos()));
  }

  private void stopRun(Fault fault) {
    List<Run> open = engine.runs().stream().filter(Run::isOpen).toList();
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

  /** Everything that was wrong is mended. */
  void heal() {
    group.say("everything heals");
    group.wire().delay(Duration.ZERO);
    for (String one : names()) {
      for (String other : names()) group.wire().heal(one, other);
    }
    for (SimulatedNode node : group.nodes()) {
      node.disk().healFaults();
      node.disk().capacity(PLENTY);
    }
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
    for (String name : node.list()) {
      paths.add(SimulatedNode.STATE + "/" + name);
      if (!name.equals("volumes") && !name.equals("targets")) continue;
      for (String below : node.list(name)) {
        String path = SimulatedNode.STATE + "/" + name + "/" + below;
        paths.add(path);
        if (!name.equals("volumes")) continue;
        paths.add(path + "/metadata.tmp");
        for (String file : node.list(name, below)) paths.add(path + "/" + file);
      }
    }
    for (String folder : List.of("/dev", "/restore"))
      node.look(mount -> mount.directory(folder).list())
          .forEach(name -> paths.add(folder + "/" + name));
    return any(paths);
  }

  private <T> T any(List<T> some) {
    return some.get(random.nextInt(some.size()));
  }
}
