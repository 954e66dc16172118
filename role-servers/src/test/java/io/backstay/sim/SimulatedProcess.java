package io.backstay.sim;

/** One life of one simulated process: what its threads are tagged with. */
public final class SimulatedProcess {
  private final String name;
  private boolean dead;
  private long pausedUntilNanos;

  public SimulatedProcess(String name) {
    this.name = name;
  }

  public String name() {
    return name;
  }

  public boolean isDead() {
    return dead;
  }

  void die() {
    dead = true;
  }

  /** Stopped by SIGSTOP, a collector or a hypervisor: none of its threads runs before. */
  long pausedUntilNanos() {
    return pausedUntilNanos;
  }

  void pauseUntil(long nanos) {
    pausedUntilNanos = nanos;
  }

  @Override
  public String toString() {
    return name;
  }
}
