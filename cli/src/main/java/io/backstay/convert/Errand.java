package io.backstay.convert;

import io.backstay.seam.Time;
import java.io.IOException;
import java.io.InterruptedIOException;

/** One read or write of a device in a thread of its own. */
final class Errand {
  private final String name;
  private final Thread thread;
  private IOException failed;

  /** What is to be done. */
  interface Work {
    void run() throws IOException;
  }

  /** Sets out. */
  Errand(String name, Work work, Time time) {
    this.name = name;
    this.thread = time.fork(name, () -> run(work));
  }

  private void run(Work work) {
    try {
      work.run();
    } catch (IOException e) {
      failed = e;
    } catch (RuntimeException e) {
      failed = new IOException(name, e);
    }
  }

  /** Waits for it and fails as it did. */
  void await() throws IOException {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(name);
    }
    if (failed != null) throw failed;
  }

  /** Waits until nothing is under way any more, whatever became of it. */
  void end() {
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
