package io.backstay.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Runs virtual threads one at a time on the thread that calls {@link #step}; the seed chooses which
 * one is next each time one of them waits.
 *
 * <p><b>Time.</b> It stands still while anybody can run and jumps to the next event when nobody
 * can. So a simulated day costs what happens in it, and no wait is ever too short.
 *
 * <p><b>Death.</b> {@link #kill} forgets all threads of a process where they stand: none of them
 * ever runs again, not even its finally blocks, as with SIGKILL.
 *
 * <p><b>What comes from outside.</b> The JDK wakes threads that were notified ({@code
 * Object.notify}) from a thread of its own, at its own pace. {@link #settle} waits until it has,
 * and runs these threads first, so that its pace decides nothing. A thread must not hold a monitor
 * while it waits for anything else.
 */
public final class SeededScheduler {
  /** Real time after which a step is taken for hung: it waits for something outside. */
  private static final long HUNG_NANOS = 60_000_000_000L;

  /** Something that comes at its time, unless it is cancelled before. */
  static final class Event implements Comparable<Event> {
    private final long atNanos;
    private final long number;
    private final Optional<SimulatedProcess> process;

    /** Empty when it is cancelled: it stays in the queue, and holds nothing that is dead. */
    private Optional<Runnable> action;

    private Event(long atNanos, long number, Optional<SimulatedProcess> process, Runnable action) {
      this.atNanos = atNanos;
      this.number = number;
      this.process = process;
      this.action = Optional.of(action);
    }

    /** It stays in the queue until its time, and nothing happens then. */
    void cancel() {
      action = Optional.empty();
    }

    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  private final RandomGenerator random;
  private final Trace trace;
  private final Thread carrier = Thread.currentThread();
  private final Map<Runnable, SimulatedThread> threads = new IdentityHashMap<>();
  private final List<SimulatedThread> runnable = new ArrayList<>();

  /** Those that stopped in {@code Object.wait}: nobody else is woken from outside. */
  private final Set<SimulatedThread> waiting = new HashSet<>();

  private final ArrayDeque<Runnable> fromOutside = new ArrayDeque<>();
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final List<Throwable> escaped = new ArrayList<>();
  private SimulatedThread current;
  private long nanos;
  private long forked;
  private long scheduled;
  private long steps;

  /** To be driven by the thread that calls this. */
  public SeededScheduler(long seed, Trace trace) {
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    this.trace = trace;
  }

  /** A random source that depends on the seed and on what happened up to now. */
  public RandomGenerator splitRandom() {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(random.nextLong());
  }

  public Trace trace() {
    return trace;
  }

  public long nanos() {
    return nanos;
  }

  public long steps() {
    return steps;
  }

  /** Of the thread that runs now. */
  public SimulatedThread current() {
    if (current == null) throw new IllegalStateException("no simulated thread runs");
    return current;
  }

  public boolean isRunning() {
    return current != null;
  }

  /** What escaped from the bodies of threads. */
  public List<Throwable> escaped() {
    return List.copyOf(escaped);
  }

  public Thread fork(SimulatedProcess process, String name, Runnable body) {
    long number = ++forked;
    Thread thread =
        VirtualThreads.unstarted(
            this::submitted, process + "/" + name + "#" + number, () -> runGuarded(body));
    SimulatedThread known = new SimulatedThread(number, process, thread);
    if (process.isDead()) return thread;
    threads.put(known.continuation(), known);
    thread.start();
    return thread;
  }

  private void runGuarded(Runnable body) {
    try {
      body.run();
    } catch (Throwable e) {
      // Everything: also an Error ends only its own thread, and is what a simulation looks for.
      escaped.add(e);
      trace.line(nanos, current.toString(), "escaped: " + e);
    }
  }

  /** Runs the action at that moment, or as soon as possible after it. */
  public void at(long atNanos, Runnable action) {
    event(atNanos, Optional.empty(), action);
  }

  /** As {@link #at}, for a thread that may cancel it; it does not come when its process is dead. */
  Event event(long atNanos, SimulatedThread thread, Runnable action) {
    return event(atNanos, Optional.of(thread.process()), action);
  }

  private Event event(long atNanos, Optional<SimulatedProcess> process, Runnable action) {
    Event event = new Event(Math.max(atNanos, nanos), ++scheduled, process, action);
    events.add(event);
    return event;
  }

  /** Waits so long, as the thread that runs now. */
  public void sleep(long sleepNanos) throws InterruptedException {
    new SimulatedGate(this).await(java.time.Duration.ofNanos(sleepNanos));
  }

  /** Never returns: for a thread whose process is dead. */
  public static void parkForever() {
    while (true) LockSupport.park();
  }

  /**
   * None of its threads ever runs again; the one that runs now must end in {@link #parkForever}.
   */
  public void kill(SimulatedProcess process) {
    process.die();
    trace.line(nanos, process.name(), "killed");
    runnable.removeIf(thread -> thread.process() == process);
    List<SimulatedThread> theirs =
        threads.values().stream()
            .filter(thread -> thread.process() == process && !thread.equals(current))
            .sorted(Comparator.comparingLong(SimulatedThread::number))
            .toList();
    for (SimulatedThread thread : theirs) forget(thread);
    for (Event event : events)
      if (event.process.filter(process::equals).isPresent()) event.cancel();
  }

  private void forget(SimulatedThread thread) {
    threads.remove(thread.continuation());
    waiting.remove(thread);
    VirtualThreads.abandon(thread.thread());
  }

  /** The end of everything: gives back what the threads hold. */
  public void abandonAll() {
    for (SimulatedThread thread : List.copyOf(threads.values())) forget(thread);
    runnable.clear();
    events.clear();
  }

  /** No thread of the process runs for so long. */
  public void pause(SimulatedProcess process, long pauseNanos) {
    process.pauseUntil(nanos + pauseNanos);
    at(nanos + pauseNanos, () -> {});
  }

  /** One thread runs until it waits, or time jumps. False when there is nothing left to come. */
  public boolean step() {
    if (!Thread.currentThread().equals(carrier))
      throw new IllegalStateException("driven by another thread");
    List<SimulatedThread> ready = ready();
    if (ready.isEmpty()) return advance();
    int index = random.nextInt(ready.size());
    SimulatedThread next = ready.get(index);
    if (ready.size() == runnable.size()) runnable.remove(index);
    else runnable.remove(next);
    run(next);
    settle();
    return true;
  }

  private List<SimulatedThread> ready() {
    boolean paused = false;
    for (SimulatedThread thread : runnable) paused |= thread.process().pausedUntilNanos() > nanos;
    if (!paused) return runnable;
    return runnable.stream().filter(t -> t.process().pausedUntilNanos() <= nanos).toList();
  }

  private boolean advance() {
    Event next = events.poll();
    while (next != null && next.action.isEmpty()) next = events.poll();
    if (next == null) return false;
    nanos = next.atNanos;
    next.action.get().run();
    return true;
  }

  private void run(SimulatedThread thread) {
    steps++;
    trace.number(nanos ^ thread.number() << 44);
    current = thread;
    Runnable continuation = thread.continuation();
    waiting.remove(thread);
    continuation.run();
    // A monitor that the JDK itself held for a moment, or a pause in its allocator: no scheduling.
    while (VirtualThreads.waitsForTheJdk(thread.thread())) {
      if (!runnable.remove(thread)) awaitFromOutside(continuation);
      continuation.run();
    }
    current = null;
    if (thread.process().isDead() && thread.thread().isAlive()) forget(thread);
    if (!thread.thread().isAlive()) threads.remove(continuation);
    else if (!thread.process().isDead() && VirtualThreads.waitsToBeNotified(thread.thread()))
      waiting.add(thread);
  }

  /**
   * Who was notified gets the monitor from the JDK, one after the other, each before anything else.
   */
  private void settle() {
    long deadline = 0;
    while (someAreOnTheirWay()) {
      List<SimulatedThread> woken = fromOutside();
      woken.forEach(this::run);
      deadline =
          woken.isEmpty()
              ? untilHung(deadline, "a thread that was notified still waits for its monitor")
              : 0;
    }
  }

  /** Whether there are threads that were notified and are not in our list. */
  private boolean someAreOnTheirWay() {
    for (SimulatedThread thread : waiting) {
      Thread.State state = thread.thread().getState();
      if (state == Thread.State.BLOCKED || state == Thread.State.RUNNABLE) return true;
    }
    return false;
  }

  private void awaitFromOutside(Runnable continuation) {
    long deadline = 0;
    while (true) {
      synchronized (fromOutside) {
        if (fromOutside.remove(continuation)) return;
      }
      deadline = untilHung(deadline, "it waits for a monitor that somebody holds and waits");
    }
  }

  private long untilHung(long deadline, String what) {
    LockSupport.parkNanos(20_000);
    long now = System.nanoTime();
    if (deadline == 0) return now + HUNG_NANOS;
    if (now > deadline)
      throw new IllegalStateException("hung: " + what + ": " + lost() + "\n" + stacks());
    return deadline;
  }

  private List<String> lost() {
    return threads.values().stream()
        .filter(thread -> !runnable.contains(thread))
        .filter(thread -> thread.thread().getState() != Thread.State.WAITING)
        .map(thread -> thread + " " + thread.thread().getState())
        .toList();
  }

  /** Called by a thread's own JDK code when it can run: by the running thread, or from outside. */
  private void submitted(Runnable continuation) {
    Thread here = Thread.currentThread();
    if (here.equals(carrier) || current != null && here.equals(current.thread())) {
      enqueue(continuation);
    } else {
      synchronized (fromOutside) {
        fromOutside.add(continuation);
      }
    }
  }

  private List<SimulatedThread> fromOutside() {
    List<SimulatedThread> woken = new ArrayList<>();
    synchronized (fromOutside) {
      for (Runnable continuation : fromOutside) {
        SimulatedThread thread = threads.get(continuation);
        if (thread != null) woken.add(thread);
      }
      fromOutside.clear();
    }
    woken.sort(Comparator.comparingLong(SimulatedThread::number));
    return woken;
  }

  private void enqueue(Runnable continuation) {
    SimulatedThread thread = threads.get(continuation);
    if (thread != null && !thread.process().isDead()) runnable.add(thread);
  }

  /** Where every thread waits, for people. */
  public String stacks() {
    StringBuilder all = new StringBuilder();
    threads.values().stream()
        .sorted(Comparator.comparingLong(SimulatedThread::number))
        .forEach(thread -> {
          all.append(thread).append(' ').append(thread.thread().getState()).append('\n');
          for (StackTraceElement at : thread.thread().getStackTrace()) {
            if (at.getClassName().startsWith("io.backstay"))
              all.append("    ").append(at).append('\n');
          }
        });
    return all.toString();
  }
}
