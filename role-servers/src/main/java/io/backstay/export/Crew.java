package io.backstay.export;

import io.backstay.seam.Time;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A few threads that may wait for disks, for the event loop which may not. Jobs begin in the order
 * in which they came; a crew of one does them one after the other. A thread lives as long as there
 * are jobs.
 */
final class Crew {
  private static final Logger LOG = LoggerFactory.getLogger(Crew.class);

  private final Time time;
  private final String name;
  private final int threadsMax;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final ArrayDeque<Runnable> jobs = new ArrayDeque<>();
  private int threads;

  Crew(Time time, String name, int threadsMax) {
    this.time = time;
    this.name = name;
    this.threadsMax = threadsMax;
  }

  void add(Runnable job) {
    lock.lock();
    try {
      jobs.add(job);
      if (threads == threadsMax) return;
      threads++;
    } finally {
      lock.unlock();
    }
    time.fork(name, this::work);
  }

  /** Whether jobs wait for a thread. */
  boolean isBusy() {
    lock.lock();
    try {
      return !jobs.isEmpty() && threads == threadsMax;
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    for (Runnable job = next(); job != null; job = next()) {
      try {
        job.run();
      } catch (RuntimeException e) {
        LOG.error("a job of {} failed", name, e);
      }
    }
  }

  private Runnable next() {
    lock.lock();
    try {
      Runnable job = jobs.poll();
      if (job != null) return job;
      threads--;
      if (threads == 0) idle.signalAll();
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all jobs are done. */
  void finish() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (threads > 0) idle.await();
    } finally {
      lock.unlock();
    }
  }
}
