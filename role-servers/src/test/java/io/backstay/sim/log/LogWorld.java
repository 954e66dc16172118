package io.backstay.sim.log;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.log.LogSettings;
import io.backstay.log.LoggedVolume;
import io.backstay.log.TailDamagedException;
import io.backstay.log.TailMissingException;
import io.backstay.log.VolumeParts;
import io.backstay.seam.Time;
import io.backstay.sim.DirectMemory;
import io.backstay.sim.LogLines;
import io.backstay.sim.SeededScheduler;
import io.backstay.sim.SimulatedProcess;
import io.backstay.sim.SimulatedTime;
import io.backstay.sim.Trace;
import io.backstay.sim.Violation;
import io.backstay.twin.MemoryDisk;
import io.backstay.volume.MetadataFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A machine with one logged volume, from one seed.
 *
 * <pre>
 *   life after life:  the volume is opened          the process dies, or the power goes,
 *                     what it holds is compared     at any operation of its devices
 *                     clients write, flush, trim    or its memory, or it stops in order
 *   the last one:     nothing goes wrong any more
 * </pre>
 */
final class LogWorld implements Clients.Ground {
  private static final long STEPS_MAX = 2_000_000;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Duration LIFE_MAX = Duration.ofHours(2);

  /** More than what a log device holds beside its ring. */
  private static final long SUPER_BYTES = 64 << 10;

  static final String LOG = "/dev/log";
  static final String DATA = "/dev/data";
  private static final String STATE = "/server/vol0";
  static final String CUTS = STATE + "/" + LoggedVolume.CUTS_FILE;

  private final long seed;
  private final Trace trace;
  private final SeededScheduler scheduler;
  private final RandomGenerator random;
  private final MemoryDisk disk = new MemoryDisk();
  private final SimulatedProcess world = new SimulatedProcess("world");
  private final ArrayDeque<ByteBuffer> buffers = new ArrayDeque<>();
  private final Circumstances circumstances;
  private final VolumeHistory history;
  private final CutsModel cuts;
  private final Archive archive;
  private final Mishaps mishaps;
  private final Ends ends;
  private final Stalls stalls;
  private final Resizes resizes;

  private Optional<SimulatedProcess> living = Optional.empty();
  private MemoryDisk.Mount mount;
  private final Tally tally = new Tally();
  private boolean lostPower;
  private boolean tailTaken;
  private Optional<Throwable> failure = Optional.empty();
  private boolean over;

  private LogWorld(long seed, Optional<Consumer<String>> listener) {
    this.seed = seed;
    this.trace = new Trace(listener);
    this.scheduler = new SeededScheduler(seed, trace);
    this.random = scheduler.splitRandom();
    this.circumstances = Circumstances.random(random);
    this.resizes = new Resizes(seed, this, disk, circumstances.sectors());
    this.history =
        new VolumeHistory(circumstances.sectors(), resizes.sectorsMax(), scheduler::nanos);
    this.cuts = new CutsModel(history, circumstances);
    this.archive = new Archive(this, cuts, scheduler.splitRandom());
    this.mishaps = new Mishaps(disk, scheduler.splitRandom(), this::say);
    this.ends = new Ends(scheduler.splitRandom());
    this.stalls = new Stalls(seed, scheduler);
    disk.beforeEachOperation(this::before);
  }

  static LogResult run(long seed, Optional<Consumer<String>> listener) {
    return new LogWorld(seed, listener).turn();
  }

  Circumstances circumstances() {
    return circumstances;
  }

  CutsModel cuts() {
    return cuts;
  }

  @Override
  public VolumeHistory history() {
    return history;
  }

  @Override
  public boolean uniform() {
    return circumstances.clients() == Circumstances.Asking.ALIKE;
  }

  @Override
  public boolean alone() {
    return circumstances.clients() == Circumstances.Asking.ALONE;
  }

  @Override
  public Duration patience() {
    return PATIENCE;
  }

  @Override
  public void say(String what) {
    trace.line(scheduler.nanos(), living.map(SimulatedProcess::name).orElse("world"), what);
  }

  // ---- the machinery

  private LogResult turn() {
    try (LogLines lines = new LogLines(scheduler)) {
      scheduler.fork(world, "story", this::tellQuietly);
      while (!over) {
        if (!scheduler.step())
          throw new Violation("9", "nothing can happen any more\n" + scheduler.stacks());
        if (!scheduler.escaped().isEmpty()) throw scheduler.escaped().getFirst();
        if (scheduler.steps() > STEPS_MAX)
          throw new Violation("9", "it has no end\n" + scheduler.stacks());
        DirectMemory.keepFree();
      }
    } catch (Throwable e) {
      // Whatever it is, it is what the seed found.
      failure = Optional.of(e);
    } finally {
      scheduler.abandonAll();
    }
    return new LogResult(
        seed,
        trace.hash(),
        scheduler.steps(),
        scheduler.nanos(),
        tally,
        mishaps,
        resizes.done(),
        cuts,
        archive.compared(),
        failure,
        trace.lastLines());
  }

  private void tellQuietly() {
    try {
      tell();
      over = true;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Before each operation of a disk or shared memory: the process may end here. */
  private void before(String operation) {
    if (!scheduler.isRunning() || resizes.isOutside()) return;
    SimulatedProcess process = scheduler.current().process();
    if (process.isDead()) SeededScheduler.parkForever();
    if (process == world) return;
    trace.line(scheduler.nanos(), process.name(), operation);
    if (ends.isAt(operation) || resizes.isAt()) {
      end(ends.sudden());
      SeededScheduler.parkForever();
    }
    if (random.nextDouble() < circumstances.yields()) Thread.yield();
    stalls.before(operation);
  }

  private void end(Ends.End how) {
    SimulatedProcess process = living.orElseThrow();
    living = Optional.empty();
    ends.none();
    say(process.name() + " ends: " + how);
    scheduler.kill(process);
    if (how == Ends.End.POWER_LOSS) {
      tally.powerLosses++;
      lostPower = true;
      disk.powerLoss(random);
    } else {
      tally.deaths++;
      mount.die();
    }
  }

  /** Nothing goes wrong any more. */
  boolean allIsWell() {
    return mishaps.isOver();
  }

  @Override
  public boolean mayFail() {
    return mishaps.mayFail();
  }

  @Override
  public void logWasRead() {
    tally.logsRead++;
  }

  /** Sometimes something fails, for a while. */
  @Override
  public void asked() {
    long lasts = mishaps.maybe();
    if (lasts > 0) scheduler.fork(world, "end of a mishap", () -> endMishap(lasts));
  }

  private void endMishap(long after) {
    try {
      scheduler.sleep(after);
      mishaps.end();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the story

  private void tell() throws IOException, InterruptedException {
    make();
    int many = 2 + random.nextInt(8);
    for (int i = 0; i < many; i++) {
      ends.plan(circumstances.clients());
      live(1 + random.nextInt(1 << random.nextInt(3, 8)));
      if (random.nextInt(12) == 0) takeTail();
    }
    mishaps.over();
    for (Ends.End how : List.of(Ends.End.STOP, Ends.End.POWER_LOSS, Ends.End.STOP)) {
      ends.inOrder(how);
      live(random.nextInt(20));
    }
  }

  private void make() throws IOException {
    long data = (long) history.sectors() * VolumeHistory.SECTOR_BYTES;
    resizes.makeDevice(data);
    disk.addBlockDevice(LOG, circumstances.ringBytes() + SUPER_BYTES);
    mount = disk.mount("world");
    Time time = new SimulatedTime(scheduler, world, () -> 0);
    LoggedVolume.format(parts(time, circumstances.atFirst()), data);
  }

  private VolumeParts parts(Time time, LogSettings settings) {
    return new VolumeParts(
        "vol0",
        mount.directory(STATE),
        mount.devices(),
        mount.sharedMemories(),
        time,
        DATA,
        LOG,
        settings);
  }

  /** One process, from its start until it is gone. */
  private void live(int requests) throws InterruptedException {
    SimulatedProcess process = new SimulatedProcess("s" + ++tally.lives);
    living = Optional.of(process);
    mount = disk.mount(process.name());
    Time time = new SimulatedTime(scheduler, process, () -> 0);
    mishaps.nextLife();
    LogSettings settings = circumstances.settings(random);
    scheduler.fork(process, "main", () -> main(time, settings, requests));
    long until = scheduler.nanos() + LIFE_MAX.toNanos();
    while (!process.isDead()) {
      if (scheduler.nanos() > until)
        throw new Violation("9", "a life without end\n" + scheduler.stacks());
      scheduler.sleep(random.nextLong(200_000_000L) + 1);
    }
    if (random.nextInt(8) == 0 && !lostPower) losePowerOfNobody();
  }

  /** The machine goes while no process is there. */
  private void losePowerOfNobody() {
    say("the power goes");
    tally.powerLosses++;
    lostPower = true;
    disk.powerLoss(random);
  }

  private void main(Time time, LogSettings settings, int requests) {
    try {
      LoggedVolume volume = open(parts(time, settings));
      history.sizeFound(volume.sizeBytes());
      Clients clients = new Clients(this, volume, time, buffers);
      Archive.Reading reading = archive.reading(volume, time);
      ByteBuffer all = clients.readAll();
      if (all != null) {
        compare(all);
        Commands commands = new Commands(this, volume, time);
        inspect(volume, commands, reading);
        reading.begin();
        Resizes.Life resizing = resizes.life(volume, time);
        resizing.begin();
        commands.begin(random.nextInt(uniform() ? 4 : 16));
        clients.ask(requests);
        if (ends.end() == Ends.End.STOP) stop(volume, clients, commands, reading, resizing);
      }
    } catch (IOException e) {
      say("it cannot serve: " + e);
      if (!mayFail()) throw new Violation("6", "the volume cannot be opened: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    end(ends.end() == Ends.End.POWER_LOSS ? Ends.End.POWER_LOSS : Ends.End.DEATH);
    SeededScheduler.parkForever();
  }

  /** What it tells of its log, and sometimes what it has of it, while nobody writes. */
  private void inspect(LoggedVolume volume, Commands commands, Archive.Reading reading) {
    cuts.look(volume);
    cuts.requireSizeCuts(volume);
    if (mishaps.isOver() || random.nextInt(4) == 0) {
      if (volume.history().isProtected()) commands.askForCut(random.nextBoolean());
      reading.catchUp();
    }
  }

  private LoggedVolume open(VolumeParts parts) throws IOException {
    try {
      LoggedVolume volume = LoggedVolume.open(parts, false);
      if (tailTaken && !lostPower)
        throw new Violation("1", "it is served although its tail is gone");
      return volume;
    } catch (TailMissingException | TailDamagedException e) {
      if (!tailTaken) throw new Violation("1", "the tail is gone: " + e);
      say("the loss is accepted");
      lostPower = true;
      return LoggedVolume.open(parts, true);
    }
  }

  private void compare(ByteBuffer all) {
    tally.compared++;
    say(lostPower ? "compared after a loss of power" : "compared");
    if (lostPower) history.foundAfterPowerLoss(all);
    else history.foundAfterDeath(all);
    lostPower = false;
    tailTaken = false;
  }

  private void stop(
      LoggedVolume volume,
      Clients clients,
      Commands commands,
      Archive.Reading reading,
      Resizes.Life resizing)
      throws InterruptedException {
    if (random.nextBoolean()) clients.awaitAll();
    reading.end();
    commands.stopping();
    resizing.stopping();
    clients.stopping();
    try {
      volume.stop();
      clients.awaitAll();
      // All that was acknowledged is durable.
      history.flushed(history.flushing());
    } catch (IOException e) {
      say("it is not stopped cleanly: " + e.getMessage());
      if (!mayFail()) throw new Violation("9", "it cannot be stopped: " + e);
    }
  }

  /** Somebody removes the shared memory behind a dead process's back (rule L2). */
  private void takeTail() throws IOException {
    MemoryDisk.Mount somebody = disk.mount("somebody");
    Optional<JsonNode> state =
        new MetadataFile<>(somebody.directory(STATE), LoggedVolume.STATE_FILE, JsonNode.class)
            .load();
    if (state.isEmpty() || state.get().get("closed").asBoolean()) return;
    say("somebody takes the tail");
    somebody.sharedMemories().delete(state.get().get("tail").asText());
    tailTaken = true;
    tally.tailsTaken++;
  }
}
