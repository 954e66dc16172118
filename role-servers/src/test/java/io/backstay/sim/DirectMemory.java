package io.backstay.sim;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * Has the buffers of dead processes collected before the JDK runs out of memory for new ones: a
 * simulated thread that ran into that limit would wait inside the JDK, with its monitors held, for
 * threads that are not of the simulation.
 */
public final class DirectMemory {
  private static final long GROWTH_MAX = 384L << 20;

  /** What the JDK gives at most. */
  private static final long LIMIT = Runtime.getRuntime().maxMemory();

  private static final long STILL_NANOS = 5_000_000;
  private static final long BUSY_MACHINE_MILLIS = 20_000;

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
    // However much lasts, half of what is left stays free for the step that comes next.
    long growthMax = Math.min(GROWTH_MAX, (LIMIT - lasting) / 2);
    if (DIRECT.getMemoryUsed() - lasting < growthMax) return;
    collect();
    // The JDK's own thread gives it back, some time after the collection.
    long used = Long.MAX_VALUE;
    while (DIRECT.getMemoryUsed() < used) {
      used = DIRECT.getMemoryUsed();
      LockSupport.parkNanos(STILL_NANOS);
    }
    lasting = used;
  }

  /** Returns when the JDK's thread is at work on what the collection found. */
  private static void collect() {
    ReferenceQueue<Object> found = new ReferenceQueue<>();
    Reference<Object> one = new PhantomReference<>(new Object(), found);
    System.gc();
    try {
      found.remove(BUSY_MACHINE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Reference.reachabilityFence(one);
  }
}
