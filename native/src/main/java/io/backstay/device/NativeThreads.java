package io.backstay.device;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Where native calls that may block run when a virtual thread asks for them. Inside a native call a
 * virtual thread keeps its carrier, and there are only as many carriers as cores: two slow fsyncs
 * would stop a whole server of two cores. The JDK compensates this in its own classes (so {@link
 * java.nio.channels.FileChannel} needs no help) but not for calls of ours. A platform thread that
 * asks is not handed over: it calls at once.
 *
 * <p>The hand-over costs some ten microseconds, nothing beside a flush. Interrupts never reach the
 * calls: a caller waits for the end and keeps its interrupt.
 */
final class NativeThreads {
  /**
   * More calls wait for a thread; each has a virtual thread waiting, so their number is bounded.
   */
  private static final int THREADS_MAX = 16;

  private static final int IDLE_SECONDS = 10;

  private static final ThreadPoolExecutor THREADS = threads();

  interface Call<T> {
    T run() throws IOException;
  }

  private NativeThreads() {}

  static <T> T call(Call<T> call) throws IOException {
    if (!Thread.currentThread().isVirtual()) return call.run();
    FutureTask<T> task = new FutureTask<>(call::run);
    THREADS.execute(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw rethrown(e.getCause());
        }
      }
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  private static IOException rethrown(Throwable cause) {
    return switch (cause) {
      case IOException e -> e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError("a native call cannot throw this", cause);
    };
  }

  private static ThreadPoolExecutor threads() {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS_MAX,
            THREADS_MAX,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("native-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }
}
