package io.backstay.twin;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * The system's time as one process has it: its threads end when the process dies, whatever they
 * wait for. Let its disk and its network die first, so that no thread writes a last word.
 */
public final class MortalTime implements Time {
  private final Time system;
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private volatile boolean dead;

  public MortalTime() {
    this(Time.system());
  }

  /**
   * @param system that it is for everybody
   */
  public MortalTime(Time system) {
    this.system = system;
  }

  /** As SIGKILL. A process that begins anew has another time. */
  public void processDeath() {
    dead = true;
    threads.forEach(Thread::interrupt);
  }

  private void requireLife() {
    if (dead) throw new ProcessDiedError("the process is dead");
  }

  @Override
  public Instant now() {
    return system.now();
  }

  @Override
  public long nanos() {
    return system.nanos();
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    requireLife();
    system.sleep(duration);
    requireLife();
  }

  @Override
  public Gate gate() {
    return new MortalGate(system.gate());
  }

  /** Whoever waits at it when the process dies does not come back. */
  private final class MortalGate implements Gate {
    private final Gate gate;

    MortalGate(Gate gate) {
      this.gate = gate;
    }

    @Override
    public void open() {
      gate.open();
    }

    @Override
    public boolean await(Duration timeout) throws InterruptedException {
      requireLife();
      boolean opened = gate.await(timeout);
      requireLife();
      return opened;
    }
  }

  @Override
  public Thread fork(String name, Runnable body) {
    return system.fork(name, () -> live(body));
  }

  private void live(Runnable body) {
    Thread self = Thread.currentThread();
    threads.add(self);
    try {
      requireLife();
      body.run();
    } catch (ProcessDiedError e) {
      // as it should
    } finally {
      threads.remove(self);
    }
  }

  @Override
  public RandomGenerator random() {
    return system.random();
  }
}
