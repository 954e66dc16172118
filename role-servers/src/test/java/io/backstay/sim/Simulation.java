package io.backstay.sim;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.WorkResult;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * One world from one seed: a group, its users, what goes wrong, and what must be true nonetheless.
 *
 * <pre>
 *   volumes are added           servers die, disks fail, networks break, workers fall silent ...
 *   users start runs            meanwhile; what is told is remembered, what is durable is compared
 *   everything heals            every run must end, everything must be steady
 *   the last check              each point is restored, verified, and compared byte for byte
 * </pre>
 */
final class Simulation {
  private static final GroupKeys KEYS = new GroupKeys();
  private static final long STEPS_MAX = 3_000_000;
  private static final long LOOK_EVERY_STEPS = 2_000;
  private static final Duration ENDS_WITHIN = Duration.ofHours(3);

  /** What a simulation came to. */
  record Result(
      long seed,
      long hash,
      long steps,
      long nanos,
      Map<Fault, Integer> faults,
      Map<String, Integer> seen,
      long runs,
      long restoresCompared,
      long bytesCompared,
      Optional<Throwable> failure,
      List<String> lastLines) {}

  private final long seed;
  private final Trace trace;
  private final SeededScheduler scheduler;
  private final RandomGenerator random;
  private final Chaos chaos;
  private final Expectations expectations;
  private final SimulatedGroup group;
  private final Engine engine;
  private final Inspection inspection;
  private final Faults faults;
  private final Users users;
  private Optional<Throwable> failure = Optional.empty();
  private boolean over;

  Simulation(long seed, Optional<Consumer<String>> listener) {
    this.seed = seed;
    this.trace = new Trace(listener);
    this.scheduler = new SeededScheduler(seed, trace);
    this.random = scheduler.splitRandom();
    this.chaos = new Chaos(scheduler, Fault.TO_PLAIN_VOLUMES, Chaos.Tempo.MINUTES);
    this.expectations = new Expectations(scheduler::nanos);
    this.group =
        new SimulatedGroup(
            scheduler, KEYS, expectations, chaos::beforeDisk, SimulatedGroup.WITHOUT_LOGS);
    group.wire().beforeEachOperation(chaos::beforeNetwork);
    group.onBegin(chaos::begins);
    this.engine = new Engine(group);
    expectations.cancelled(engine::isCancelled);
    this.inspection = new Inspection(group, expectations);
    this.faults = new Faults(group, engine, expectations, inspection, chaos);
    this.users =
        new Users(
            group,
            engine,
            expectations,
            inspection,
            new Verdicts(engine, expectations, inspection, chaos),
            chaos);
  }

  /** The world of a seed. */
  static Result run(long seed, Optional<Consumer<String>> listener) {
    Simulation simulation = new Simulation(seed, listener);
    return simulation.turn(simulation::live);
  }

  /** A world in which only that goes wrong which the story says; for tests of one thing. */
  static Result tell(long seed, Story story) {
    Simulation simulation = new Simulation(seed, Optional.empty());
    return simulation.turn(() -> {
      simulation.group.begin();
      story.tell(simulation);
    });
  }

  /** What happens, told by a thread of the world's. */
  interface Story {
    void tell(Simulation world) throws Exception;
  }

  private interface Act {
    void act() throws Exception;
  }

  private Thread fork(String name, Act act) {
    return scheduler.fork(
        group.world(),
        name,
        () -> {
          try {
            act.act();
          } catch (RuntimeException e) {
            throw e;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private Result turn(Act story) {
    try (LogLines log = new LogLines(scheduler)) {
      fork(
          "story",
          () -> {
            story.act();
            over = true;
          });
      while (!over) {
        if (!scheduler.step())
          throw new Violation("9", "nothing can happen any more\n" + scheduler.stacks());
        if (!expectations.violations().isEmpty()) throw expectations.violations().getFirst();
        if (!scheduler.escaped().isEmpty()) throw scheduler.escaped().getFirst();
        if (scheduler.steps() % LOOK_EVERY_STEPS == 0) inspection.archive();
        DirectMemory.keepFree();
        if (scheduler.steps() > STEPS_MAX) throw new Violation("9", "it has no end");
      }
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
        expectations.counts(),
        engine.runs().size(),
        inspection.restoresCompared(),
        inspection.bytesCompared(),
        failure,
        trace.lastLines());
  }

  SeededScheduler scheduler() {
    return scheduler;
  }

  SimulatedGroup group() {
    return group;
  }

  Engine engine() {
    return engine;
  }

  Users users() {
    return users;
  }

  Inspection inspection() {
    return inspection;
  }

  Expectations expectations() {
    return expectations;
  }

  Faults faults() {
    return faults;
  }

  /** Something happens before such an operation of a server or worker, after so many of them. */
  void before(String name, String operation, int skipped, Runnable action) {
    chaos.before(name, operation, skipped, action);
  }

  // ---- the story

  private void live() throws IOException, InterruptedException {
    group.begin();
    List<VolumeModel> volumes = makeVolumes();
    boolean calmBeginning = random.nextInt(4) > 0;
    if (!calmBeginning) beginChaos();
    for (VolumeModel volume : volumes) users.add(volume);
    if (calmBeginning) beginChaos();
    List<Thread> acting = new ArrayList<>();
    int many = 1 + random.nextInt(4);
    for (int i = 0; i < many; i++) {
      int runs = 2 + random.nextInt(4);
      acting.add(fork("user", () -> users.act(runs)));
    }
    Duration patience = Duration.ofHours(6);
    await(
        "the users' runs", patience, () -> acting.stream().noneMatch(Thread::isAlive), chaos::end);
    chaos.end();
    faults.heal();
    await("the runs", ENDS_WITHIN, () -> engine.runs().stream().noneMatch(Run::isOpen), () -> {});
    for (Thread user : acting) user.join();
    everythingMustBeSteady();
    lastCheck();
  }

  private void beginChaos() {
    chaos.begin(faults);
    fork("chaos", chaos::run);
  }

  private List<VolumeModel> makeVolumes() throws IOException {
    SimulatedNode node = group.storage().node();
    node.disk().canFreeze(random.nextInt(3) == 0);
    node.disk().canStamp(random.nextInt(4) > 0);
    List<VolumeModel> volumes = new ArrayList<>();
    int many = 1 + random.nextInt(2);
    for (int i = 0; i < many; i++) {
      Image image = Image.random(size(), random);
      volumes.add(
          expectations.add(SourceVolume.make("v" + i, node, random.nextInt(4) == 0, image)));
    }
    return volumes;
  }

  /** Mostly small, now and then 24 MiB; the last range is odd as often as not. */
  private long size() {
    int ranges =
        switch (random.nextInt(10)) {
          case 0 -> 7 + random.nextInt(18);
          case 1, 2, 3 -> 3 + random.nextInt(5);
          default -> 1 + random.nextInt(3);
        };
    long tail = random.nextBoolean() ? 0 : 512 * random.nextLong(Image.RANGE_BYTES / 512);
    return (long) (ranges - 1) * Image.RANGE_BYTES + (tail == 0 ? Image.RANGE_BYTES : tail);
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private void await(String what, Duration atMost, Condition condition, Runnable inVain)
      throws IOException, InterruptedException {
    long until = scheduler.nanos() + atMost.toNanos();
    for (boolean late = false; !condition.holds(); ) {
      if (scheduler.nanos() > until) {
        if (late || what.equals("the runs") || !what.startsWith("the users"))
          throw new Violation(
              "9",
              "%s: not over after %s; open are %s; servers %s\n%s"
                  .formatted(what, atMost, open(), starts(), scheduler.stacks()));
        late = true;
        inVain.run();
        faults.heal();
        until = scheduler.nanos() + ENDS_WITHIN.toNanos();
      }
      scheduler.sleep(Duration.ofSeconds(5).toNanos());
    }
  }

  private List<Run> open() {
    return engine.runs().stream().filter(Run::isOpen).toList();
  }

  private List<String> starts() {
    return group.servers().stream()
        .map(server ->
            server.name() + (server.isServing() ? " serves" : " does not: " + server.failedStart()))
        .toList();
  }

  /** Invariant 6, after everything healed and after one more restart. */
  private void everythingMustBeSteady() throws IOException, InterruptedException {
    await("operations of runs that are over", ENDS_WITHIN, this::nothingRuns, () -> {});
    for (SimulatedServer server : group.servers()) {
      if (random.nextBoolean()) server.stopInOrder();
      else if (random.nextBoolean()) server.die();
    }
    scheduler.sleep(Duration.ofSeconds(1).toNanos());
    await(
        "the restart of servers",
        Duration.ofMinutes(10),
        () -> group.servers().stream().allMatch(SimulatedServer::isServing),
        () -> {});
    inspection.steady();
    for (SimulatedNode node : group.nodes()) inspection.bytes(node);
  }

  private boolean nothingRuns() throws IOException {
    try {
      inspection.nothingRuns();
      return true;
    } catch (Violation e) {
      return false;
    }
  }

  /** Everything that can be restored is, once more. */
  private void lastCheck() throws IOException, InterruptedException {
    for (VolumeModel volume : expectations.volumes().values()) {
      Run backup = users.backUp(volume);
      boolean there = backup.outcome().orElseThrow() instanceof Outcome.Done;
      if (!there && !isUnknown(backup)) throw new Violation("9", "the last backup: " + backup);
      inspection.archive();
      for (long gid : inspection.gids(volume)) {
        mustBeDone(users.verify(volume, gid), volume, gid);
        if (random.nextInt(2) == 0 || there && gid == volume.points().lastKey())
          mustBeDone(users.restore(volume, gid), volume, gid);
      }
    }
    inspection.steady();
    for (SimulatedNode node : group.nodes()) inspection.bytes(node);
  }

  private static boolean isUnknown(Run run) {
    return run.outcome().orElseThrow() instanceof Outcome.Refused(Refusal refusal)
        && refusal.code() == RefusalCode.UNKNOWN_VOLUME;
  }

  private static void mustBeDone(Run run, VolumeModel volume, long gid) {
    boolean done =
        run.outcome().orElseThrow() instanceof Outcome.Done(Object result)
            && result instanceof WorkResult;
    if (done == volume.mustBeFoundRotten(gid, run.beganNanos()) && !volume.rotten().contains(gid))
      throw new Violation("3", "the last check: %s ended as %s".formatted(run, run.outcome()));
    if (!done && !volume.rotten().contains(gid))
      throw new Violation("3", "the last check: %s ended as %s".formatted(run, run.outcome()));
  }
}
