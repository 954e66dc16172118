package io.backstay.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Lets things go wrong, as the seed says: which kinds of faults there are in this world, how often,
 * and when. Every operation of a disk or of the network comes by here before it happens.
 */
public final class Chaos {
  private static final double YIELDS = 0.3;

  /** Operations before or after which a death says more than anywhere else. */
  private static final List<String> MOMENTS =
      List.of("rename", "sync", "flush", "send", "receive", "write", "zero", "delete", "create");

  /** What strikes a process after so many more of its operations that begin like this. */
  private record Armed(String beginning, int operations, Fault fault) {}

  /** Something that is done before one certain operation. */
  private record Trap(String name, String operation, int skipped, Runnable action) {}

  private final SeededScheduler scheduler;
  private final RandomGenerator random;
  private final EnumSet<Fault> enabled = EnumSet.noneOf(Fault.class);
  private final EnumMap<Fault, Integer> counts = new EnumMap<>(Fault.class);
  private final Map<String, Armed> armed = new HashMap<>();
  private final double waits;
  private final long waitNanosMax;
  private final long everyNanos;
  private Optional<Trap> trap = Optional.empty();
  private Optional<Striker> striker = Optional.empty();
  private int budget;
  private boolean active;

  /** Who does what goes wrong. */
  public interface Striker {
    /** Somewhere, to somebody. */
    void happen(Fault fault) throws IOException;

    /** Now, to a server or worker. */
    void strike(String name, Fault fault);
  }

  /** How long a world takes, against one that lives for a minute. */
  public enum Tempo {
    MINUTES(1),
    HOURS(20);

    private final int factor;

    Tempo(int factor) {
      this.factor = factor;
    }
  }

  /**
   * @param possible which faults there are at all
   */
  public Chaos(SeededScheduler scheduler, Set<Fault> possible, Tempo tempo) {
    this.scheduler = scheduler;
    this.random = scheduler.splitRandom();
    double density = List.of(0.15, 0.35, 0.6).get(random.nextInt(3));
    for (Fault fault : possible) {
      if (random.nextDouble() < density) enabled.add(fault);
    }
    if (random.nextInt(20) == 0) enabled.clear();
    this.waits = List.of(0.02, 0.1, 0.3).get(random.nextInt(3));
    this.waitNanosMax = List.of(100_000L, 2_000_000L, 20_000_000L).get(random.nextInt(3));
    this.budget = random.nextInt(10, 200);
    this.everyNanos =
        tempo.factor * List.of(30_000_000L, 200_000_000L, 1_000_000_000L).get(random.nextInt(3));
  }

  public boolean has(Fault fault) {
    return enabled.contains(fault);
  }

  public Map<Fault, Integer> counts() {
    return counts;
  }

  public void count(Fault fault) {
    counts.merge(fault, 1, Integer::sum);
  }

  public RandomGenerator random() {
    return random;
  }

  /** From now on things go wrong. */
  public void begin(Striker theirs) {
    striker = Optional.of(theirs);
    active = true;
  }

  /** Nothing new goes wrong any more. */
  public void end() {
    active = false;
    armed.clear();
  }

  /** One fault after the other, on a thread of the world's, until enough happened. */
  public void run() throws InterruptedException, IOException {
    List<Fault> kinds = List.copyOf(enabled);
    while (active && !kinds.isEmpty() && budget-- > 0) {
      scheduler.sleep((long) (-Math.log(1 - random.nextDouble()) * everyNanos) + 1);
      if (active) striker.orElseThrow().happen(kinds.get(random.nextInt(kinds.size())));
    }
  }

  /**
   * A server, or a worker, is struck after some more operations of its own.
   *
   * @param name of the server or worker
   */
  public void arm(String name, Fault fault) {
    // What a source's writer does matters while the source is read.
    boolean source = fault == Fault.SOURCE_CHANGE;
    boolean anywhere = !source && random.nextBoolean();
    boolean worker = fault == Fault.WORKER_DEATH || fault == Fault.WORKER_SILENCE;
    String beginning =
        anywhere
            ? ""
            : worker
                ? "send Request"
                : source ? "read " : MOMENTS.get(random.nextInt(MOMENTS.size()));
    double mean = 1 << (anywhere ? random.nextInt(2, 9) : random.nextInt(source ? 3 : 6));
    String key = source ? sourceOf(name) : name;
    armed.put(key, new Armed(beginning, (int) (-Math.log(1 - random.nextDouble()) * mean), fault));
  }

  /** A new life of a server: now and then it is struck again before it did much. */
  public void begins(String server) {
    if (!active || random.nextInt(3) > 0) return;
    if (has(Fault.DEATH)) arm(server, Fault.DEATH);
    else if (has(Fault.POWER_LOSS)) arm(server, Fault.POWER_LOSS);
  }

  /** A server is about to do what must not be half done: now and then it is struck meanwhile. */
  public void works(String server) {
    if (!active || random.nextInt(3) > 0) return;
    Fault fault = random.nextBoolean() ? Fault.DEATH : Fault.POWER_LOSS;
    if (has(fault)) arm(server, fault);
  }

  /**
   * Sets a trap: what happens before such an operation, after so many of them; also while all is
   * calm.
   *
   * @param name of a server or worker
   */
  public void before(String name, String operation, int skipped, Runnable action) {
    trap = Optional.of(new Trap(name, operation, skipped, action));
  }

  /** A new run: now and then its worker is struck before it asks the first server for anything. */
  public void runBegins(String worker) {
    if (!active || random.nextInt(3) > 0 || armed.containsKey(worker)) return;
    String beginning = "send Request " + (random.nextInt(3) > 0 ? "s0" : "a0");
    if (has(Fault.WORKER_SILENCE))
      armed.put(worker, new Armed(beginning, random.nextInt(2), Fault.WORKER_SILENCE));
    else if (has(Fault.WORKER_DEATH))
      armed.put(worker, new Armed(beginning, random.nextInt(2), Fault.WORKER_DEATH));
  }

  public void beforeDisk(String node, String operation) {
    before(operation);
  }

  public void beforeNetwork(String server, String operation) {
    before(operation);
  }

  private void before(String operation) {
    if (!scheduler.isRunning()) return;
    SimulatedProcess process = scheduler.current().process();
    if (process.isDead()) SeededScheduler.parkForever();
    if (process.name().equals("world")) return;
    scheduler.trace().line(scheduler.nanos(), process.name(), operation);
    if (active) strike(process, operation);
    if (trap.filter(set -> isMeant(set, process, operation)).isPresent()) spring(trap.get());
    if (process.isDead()) SeededScheduler.parkForever();
    double chance = random.nextDouble();
    if (chance < waits) sleep(random.nextLong(waitNanosMax) + 1);
    else if (chance < waits + YIELDS) Thread.yield();
  }

  private void spring(Trap sprung) {
    trap = Optional.empty();
    if (sprung.skipped() > 0) {
      before(sprung.name(), sprung.operation(), sprung.skipped() - 1, sprung.action());
      return;
    }
    sprung.action().run();
    // One who is paused stops here.
    if (!scheduler.current().process().isDead()) Thread.yield();
  }

  private static boolean isMeant(Trap trap, SimulatedProcess process, String operation) {
    return trap.operation().equals(operation) && trap.name().equals(nameOf(process));
  }

  /** Of the server or worker whose life the process is. */
  private static String nameOf(SimulatedProcess process) {
    int life = process.name().indexOf('.');
    return life < 0 ? process.name() : process.name().substring(0, life);
  }

  /** Beside what is to strike a storage, there may be something that is to strike its source. */
  private static String sourceOf(String storage) {
    return storage + " source";
  }

  private void strike(SimulatedProcess process, String operation) {
    String name = nameOf(process);
    if (operation.contains(" /dev/")) strike(process, sourceOf(name), operation);
    strike(process, name, operation);
  }

  private void strike(SimulatedProcess process, String name, String operation) {
    Armed now = armed.get(name);
    if (now == null || !operation.startsWith(now.beginning())) return;
    if (now.operations() > 0) {
      armed.put(name, new Armed(now.beginning(), now.operations() - 1, now.fault()));
      return;
    }
    armed.remove(name);
    striker.orElseThrow().strike(name, now.fault());
    if (process.isDead()) SeededScheduler.parkForever();
    // One who is paused stops here.
    Thread.yield();
  }

  private void sleep(long nanos) {
    try {
      scheduler.sleep(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public Duration someTime(Duration atMost) {
    return Duration.ofNanos(random.nextLong(1_000_000, atMost.toNanos()));
  }
}
