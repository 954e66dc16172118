package io.backstay.diff;

import io.backstay.seam.Time;
import java.io.IOException;
import java.io.InterruptedIOException;

/** One piece of work in a thread of its own, for whoever began it and waits for it later. */
public final class Errand {
  private final String name;
  private final Thread thread;
  private Throwable failed;

  /** What is to be done. */
  public interface Work {
    void run() throws IOException;
  }

  /**
   * Sets out.
   *
   * @param name for messages: what is being done
   */
  public Errand(String name, Work work, Time time) {
    this.name = name;
    this.thread = time.fork(name, () -> run(work));
  }

  private void run(Work work) {
    try {
      work.run();
    } catch (IOException | RuntimeException | Error e) {
      // Whoever waits for it must not take it for done.
      failed = e;
    }
  }

  /**
   * Waits until it is done.
   *
   * @throws IOException as the work did
   * @throws IllegalStateException where it ended by a bug, or without memory
   */
  public void await() throws IOException {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(name);
    }
    if (failed instanceof IOException io) throw io;
    if (failed != null) throw new IllegalStateException(name, failed);
  }

  /** Waits until nothing of it is under way any more, whatever became of it. */
  public void end() {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        if (interrupted) Thread.currentThread().interrupt();
        return;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }
}
