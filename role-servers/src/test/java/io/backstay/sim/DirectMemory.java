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
  private static final long GROWTH_MAX = 384L << 20;
  private static final long STILL_NANOS = 5_000_000;

  private static final BufferPoolMXBean DIRECT =
      ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
          .filter(pool -> pool.getName().equals("direct"))
          .findFirst()
          .orElseThrow();

  /** What was still used after the last collection. */
  private static long lasting;

  private DirectMemory() {}

  /** To be called by the thread that drives a simulation, between two steps. */
  public static void keepFree() {
    if (DIRECT.getMemoryUsed() - lasting < GROWTH_MAX) return;
    System.gc();
    // The JDK's own thread gives it back, some time after the collection.
    long used = Long.MAX_VALUE;
    while (DIRECT.getMemoryUsed() < used) {
      used = DIRECT.getMemoryUsed();
      LockSupport.parkNanos(STILL_NANOS);
    }
    lasting = used;
  }
}
