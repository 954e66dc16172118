package io.backstay.sim;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.locks.LockSupport;

/**
 * Has the buffers of dead processes collected before the JDK runs out of memory for new ones: a
 * simulated thread that ran into that limit would wait inside the JDK, with its monitors held, for
 * threads that are not of the simulation.
 */
public final class DirectMemory {
  private static final long USED_MAX = 384L << 20;
  private static final long WAIT_NANOS_MAX = 2_000_000_000L;

  private static final BufferPoolMXBean DIRECT =
      ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
          .filter(pool -> pool.getName().equals("direct"))
          .findFirst()
          .orElseThrow();

  private DirectMemory() {}

  /** To be called by the thread that drives a simulation, between two steps. */
  public static void keepFree() {
    if (DIRECT.getMemoryUsed() < USED_MAX) return;
    System.gc();
    long deadline = System.nanoTime() + WAIT_NANOS_MAX;
    // The JDK's own thread gives it back, some time after the collection.
    while (DIRECT.getMemoryUsed() >= USED_MAX / 2 && System.nanoTime() < deadline)
      LockSupport.parkNanos(1_000_000);
  }
}
