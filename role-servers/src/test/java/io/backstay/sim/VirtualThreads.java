package io.backstay.sim;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.concurrent.Executor;

/**
 * What the JDK has but does not show: virtual threads on a scheduler of one's own. JDK 25 names;
 * needs {@code --add-opens java.base/java.lang=ALL-UNNAMED}.
 */
final class VirtualThreads {
  private static final Constructor<?> BUILDER;
  private static final Field CONTINUATION;
  private static final Method AFTER_DONE;
  private static final Field STATE;

  /** Had to wait for a monitor and got it, before it runs on. */
  private static final int UNBLOCKED = 14;

  /** Waits in {@code Object.wait}. */
  private static final int WAIT = 16;

  static {
    try {
      BUILDER =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .getDeclaredConstructor(Executor.class);
      BUILDER.setAccessible(true);
      Class<?> type = Class.forName("java.lang.VirtualThread");
      CONTINUATION = type.getDeclaredField("runContinuation");
      CONTINUATION.setAccessible(true);
      STATE = type.getDeclaredField("state");
      STATE.setAccessible(true);
      AFTER_DONE = type.getDeclaredMethod("afterDone", boolean.class);
      AFTER_DONE.setAccessible(true);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this JDK's virtual threads are not those of JDK 25", e);
    }
  }

  private VirtualThreads() {}

  /** A thread that has not started; each time it can run its continuation goes to the executor. */
  static Thread unstarted(Executor scheduler, String name, Runnable body) {
    try {
      Thread.Builder.OfVirtual builder = (Thread.Builder.OfVirtual) BUILDER.newInstance(scheduler);
      return builder.name(name).unstarted(body);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("no virtual thread with a scheduler of its own", e);
    }
  }

  /** What the thread gives to its scheduler, always the same object. */
  static Runnable continuation(Thread thread) {
    try {
      return (Runnable) CONTINUATION.get(thread);
    } catch (IllegalAccessException e) {
      throw new LinkageError("no continuation", e);
    }
  }

  /**
   * Whether the thread, which just stopped running, did so for something that simulated code never
   * waits for: a monitor that is held, or a real time.
   */
  static boolean waitsForTheJdk(Thread thread) {
    try {
      return switch (thread.getState()) {
        case BLOCKED, TIMED_WAITING -> true;
        case RUNNABLE -> STATE.getInt(thread) == UNBLOCKED;
        case NEW, WAITING, TERMINATED -> false;
      };
    } catch (IllegalAccessException e) {
      throw new LinkageError("no state", e);
    }
  }

  /** Whether the thread, which just stopped running, did so in {@code Object.wait}. */
  static boolean waitsToBeNotified(Thread thread) {
    try {
      return STATE.getInt(thread) == WAIT;
    } catch (IllegalAccessException e) {
      throw new LinkageError("no state", e);
    }
  }

  /**
   * The JDK takes an unmounted thread for ended, and forgets it. Nothing more of it runs: no
   * finally, no catch.
   */
  static void abandon(Thread thread) {
    try {
      AFTER_DONE.invoke(thread, true);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new LinkageError("no end for " + thread, e);
    }
  }
}
