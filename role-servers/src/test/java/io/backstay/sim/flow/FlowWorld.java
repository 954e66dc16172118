package io.backstay.sim.flow;

import io.backstay.log.LoggedVolume;
import io.backstay.model.Role;
import io.backstay.sim.Chaos;
import io.backstay.sim.DirectMemory;
import io.backstay.sim.Engine;
import io.backstay.sim.Fault;
import io.backstay.sim.GroupKeys;
import io.backstay.sim.LogLines;
import io.backstay.sim.Run;
import io.backstay.sim.SeededScheduler;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedNode;
import io.backstay.sim.SimulatedServer;
import io.backstay.sim.Trace;
import io.backstay.sim.Violation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A group with continuous backup, from one seed.
 *
 * <pre>
 *   volumes are added             servers die, disks fail, networks break, proxies are away ...
 *   clients write                 meanwhile; after each start a volume is compared with what was
 *   operators start runs          promised, each restore with what the volume was
 *   everything heals              every run must end, everything must be steady and restorable
 *   the power goes everywhere     once more
 * </pre>
 */
final class FlowWorld {
  private static final GroupKeys KEYS = new GroupKeys();
  private static final long STEPS_MAX = 1_500_000;
  private static final long LOOK_EVERY_STEPS = 1_000;
  private static final Duration ACTING_MAX = Duration.ofHours(8);
  private static final Duration ENDS_WITHIN = Duration.ofHours(3);
  private static final Duration SERVED_WITHIN = Duration.ofMinutes(2);

  /** What a world came to. */
  record Result(
      long seed,
      long hash,
      long steps,
      long nanos,
      Map<Fault, Integer> faults,
      Map<String, Integer> seen,
      int requests,
      int volumesCompared,
      int snapshots,
      int overflows,
      long restoresCompared,
      Optional<Throwable> failure,
      List<String> lastLines) {}

  private final long seed;
  private final Length length;
  private final Trace trace;
  private final SeededScheduler scheduler;
  private final RandomGenerator random;
  private final Landscape landscape;
  private final Chaos chaos;
  private final Promises promises;
  private final SimulatedGroup group;
  private final Engine engine;
  private final Ills ills = new Ills();
  private final Restores restores = new Restores();
  private final List<FlowVolume> volumes = new ArrayList<>();
  private final List<Customers> customers = new ArrayList<>();
  private final FlowFaults faults;
  private final Custody custody;
  private final Loans loans;
  private final Operators operators;
  private final Settlement settlement;
  private Optional<Throwable> failure = Optional.empty();
  private boolean over;

  private FlowWorld(long seed, Length length, Optional<Consumer<String>> listener) {
    this.seed = seed;
    this.length = length;
    this.trace = new Trace(listener);
    this.scheduler = new SeededScheduler(seed, trace);
    this.random = scheduler.splitRandom();
    this.landscape = Landscape.random(random);
    this.chaos = new Chaos(scheduler, FlowFaults.POSSIBLE, Chaos.Tempo.HOURS);
    this.promises = new Promises(scheduler::nanos, this::seesAll);
    this.group =
        new SimulatedGroup(scheduler, KEYS, promises, chaos::beforeDisk, landscape.seats());
    group.wire().beforeEachOperation(chaos::beforeNetwork);
    group.onBegin(this::begins);
    this.engine = new Engine(group);
    landscape.volumes().forEach(record -> volumes.add(new FlowVolume(record, scheduler::nanos)));
    volumes.forEach(promises::add);
    this.custody = new Custody(group, volumes);
    this.faults = new FlowFaults(group, engine, chaos, ills, volumes, custody, length);
    FlowScripts scripts = new FlowScripts(group);
    this.loans = new Loans(group, engine, scripts, promises, ills);
    this.operators =
        new Operators(
            group, engine, chaos, scripts, promises, restores, loans, volumes, new Settings(seed));
    this.settlement = new Settlement(group, engine, operators, custody, loans, length);
  }

  /** Where the disk failed when an archive began, it leaves out what it could not read. */
  private boolean seesAll(String server) {
    return !ills.areFeltBy(group.server(server));
  }

  private void begins(String server) {
    ills.begins(group.server(server));
    chaos.begins(server);
  }

  static Result run(long seed, Length length, Optional<Consumer<String>> listener) {
    FlowWorld world = new FlowWorld(seed, length, listener);
    return world.turn(world::live);
  }

  /** What happens to one volume in a world in which nothing else goes wrong. */
  interface Tale {
    void tell(FlowWorld world, FlowVolume volume) throws Exception;
  }

  /** A short world, of which only this is told once its clients write. */
  static Result tell(long seed, Tale tale) {
    FlowWorld world = new FlowWorld(seed, Length.SHORT, Optional.empty());
    return world.turn(() -> {
      world.begin();
      tale.tell(world, world.volumes.getFirst());
    });
  }

  Operators operators() {
    return operators;
  }

  /** The next flush of the volume's data device fails. */
  void failDataFlush(FlowVolume volume) {
    SimulatedNode node = group.server(volume.record().storage()).node();
    ills.befall(node);
    node.disk().failNextFlush(volume.record().device());
  }

  // ---- the machinery

  /** What happens, told by a thread of the world's. */
  interface Story {
    void tell() throws Exception;
  }

  private Thread fork(String name, Story story) {
    return scheduler.fork(
        group.world(),
        name,
        () -> {
          try {
            story.tell();
          } catch (RuntimeException e) {
            throw e;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private Result turn(Story story) {
    try (LogLines log = new LogLines(scheduler)) {
      fork(
          "story",
          () -> {
            story.tell();
            over = true;
          });
      while (!over) step();
    } catch (Throwable e) {
      // Whatever it is, it is what the seed found.
      failure = Optional.of(e);
    } finally {
      scheduler.abandonAll();
    }
    return new Result(
        seed,
        trace.hash(),
        scheduler.steps(),
        scheduler.nanos(),
        chaos.counts(),
        promises.counts(),
        customers.stream().mapToInt(Customers::requests).sum(),
        volumes.stream().mapToInt(FlowVolume::compared).sum(),
        volumes.stream().mapToInt(volume -> volume.generations().snapshots()).sum(),
        volumes.stream().mapToInt(volume -> volume.generations().overflows()).sum(),
        restores.compared(),
        failure,
        trace.lastLines());
  }

  private void step() throws IOException {
    if (!scheduler.step())
      throw new Violation("9", "nothing can happen any more\n" + scheduler.stacks());
    if (!promises.violations().isEmpty()) throw promises.violations().getFirst();
    if (!scheduler.escaped().isEmpty()) throw new EscapedException(scheduler.escaped().getFirst());
    if (scheduler.steps() % LOOK_EVERY_STEPS == 0) custody.look();
    DirectMemory.keepFree();
    if (scheduler.steps() > STEPS_MAX)
      throw new Violation("9", "it has no end\n" + scheduler.stacks());
  }

  /** An error that ended a thread. */
  private static final class EscapedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private EscapedException(Throwable cause) {
      super(cause.toString(), cause);
    }
  }

  // ---- the story

  private void begin() throws IOException, InterruptedException {
    group.begin();
    makeDevices();
    for (FlowVolume volume : volumes) operators.add(volume);
    openForCustomers();
  }

  private void live() throws IOException, InterruptedException {
    begin();
    boolean calmBeginning = random.nextInt(4) > 0;
    if (!calmBeginning) beginChaos();
    for (FlowVolume volume : volumes) operators.backUp(volume, volume.record().primary());
    if (calmBeginning) beginChaos();
    List<Thread> acting = new ArrayList<>();
    int many = 1 + random.nextInt(length.operatorsMax());
    for (int i = 0; i < many; i++) {
      int runs = 1 + random.nextInt(length.runsMax());
      long pauseNanosMax = Duration.ofSeconds(1L << random.nextInt(length.pauses())).toNanos();
      acting.add(fork("operator", () -> operators.act(runs, pauseNanosMax)));
    }
    fork("attendant", this::attend);
    awaitActing(acting);
    chaos.end();
    faults.heal();
    startAnewWhoseDiskFailed();
    loans.hurry();
    settlement.await("the exports are closed", ENDS_WITHIN, loans::areReturned);
    settlement.await("the runs", ENDS_WITHIN, () -> engine.runs().stream().noneMatch(Run::isOpen));
    for (Thread one : acting) one.join();
    customers.forEach(Customers::rest);
    loans.takeTime();
    settlement.settle(volumes, length.restoresMax());
    custody.look();
    settlement.lend(volumes);
    group.nodes().forEach(faults::losePower);
    settlement.settle(volumes, Math.max(1, length.restoresMax() / 2));
    settlement.collect();
    custody.look();
  }

  private void makeDevices() throws IOException {
    for (FlowVolume volume : volumes) {
      String data = volume.record().device();
      if (data.startsWith("/dev/"))
        group
            .server(volume.record().storage())
            .node()
            .make(data, random.nextBoolean(), volume.record().sizeBytes());
    }
  }

  private void openForCustomers() {
    for (FlowVolume volume : volumes) {
      SimulatedServer storage = group.server(volume.record().storage());
      Customers theirs = new Customers(group, storage, volume, ills, landscape.uniform(), length);
      customers.add(theirs);
      fork("customers", theirs::attend);
    }
  }

  private void beginChaos() {
    chaos.begin(faults);
    fork("chaos", chaos::run);
  }

  /** A storage whose disks work serves its volumes soon, whatever was: nobody starts it anew. */
  private void attend() throws InterruptedException {
    Map<FlowVolume, Long> wellSince = new HashMap<>();
    while (!over) {
      scheduler.sleep(Duration.ofSeconds(20).toNanos() + random.nextLong(20_000_000_000L));
      for (FlowVolume volume : volumes) {
        SimulatedServer storage = group.server(volume.record().storage());
        boolean mayBeSo = !storage.servesSince(SERVED_WITHIN) || ills.actOn(storage.node());
        wellSince.putIfAbsent(volume, scheduler.nanos());
        if (mayBeSo || serves(volume)) wellSince.put(volume, scheduler.nanos());
        if (scheduler.nanos() - wellSince.get(volume) > SERVED_WITHIN.toNanos())
          throw new Violation("6", storage.name() + " does not serve " + volume.name());
      }
    }
  }

  private boolean serves(FlowVolume volume) {
    return group
        .export(group.server(volume.record().storage()), volume.name())
        .filter(export -> ((LoggedVolume) export).failure().isEmpty())
        .isPresent();
  }

  /** As somebody does who mended a disk: what could not be read is looked for by the next life. */
  private void startAnewWhoseDiskFailed() {
    for (SimulatedServer server : group.servers()) {
      if (server.self().role() == Role.ARCHIVE && ills.areFeltBy(server)) server.die();
    }
  }

  private void awaitActing(List<Thread> acting) throws IOException, InterruptedException {
    long until = scheduler.nanos() + ACTING_MAX.toNanos();
    while (acting.stream().anyMatch(Thread::isAlive) && scheduler.nanos() < until)
      scheduler.sleep(Duration.ofSeconds(5).toNanos());
  }
}
