package io.backstay.sim;

import io.backstay.seam.Gate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** The timed wait of a {@link SeededScheduler}: all timed waits of simulated code end here. */
final class SimulatedGate implements Gate {
  /** Longer waits have no end. */
  private static final Duration FOREVER = Duration.ofDays(3650);

  private final SeededScheduler scheduler;
  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
  private boolean opened;

  private static final class Waiter {
    private final SimulatedThread thread;
    private boolean over;

    private Waiter(SimulatedThread thread) {
      this.thread = thread;
    }

    private void wake() {
      if (over || thread.process().isDead()) return;
      over = true;
      LockSupport.unpark(thread.thread());
    }
  }

  SimulatedGate(SeededScheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public void open() {
    opened = true;
    waiters.removeIf(waiter -> waiter.over || waiter.thread.process().isDead());
    if (!waiters.isEmpty()) waiters.poll().wake();
  }

  @Override
  public boolean await(Duration atMost) throws InterruptedException {
    if (Thread.interrupted()) throw new InterruptedException();
    if (!opened && atMost.isPositive()) {
      Waiter waiter = new Waiter(scheduler.current());
      waiters.add(waiter);
      Optional<SeededScheduler.Event> timeOut =
          atMost.compareTo(FOREVER) < 0
              ? Optional.of(
                  scheduler.event(
                      scheduler.nanos() + atMost.toNanos(), waiter.thread, waiter::wake))
              : Optional.empty();
      try {
        while (!waiter.over) {
          LockSupport.park();
          if (Thread.interrupted()) throw new InterruptedException();
        }
      } finally {
        timeOut.ifPresent(SeededScheduler.Event::cancel);
        waiter.over = true;
        waiters.remove(waiter);
      }
    }
    boolean was = opened;
    opened = false;
    return was;
  }
}
