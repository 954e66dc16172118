package io.backstay.group;

import io.backstay.seam.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Ends processes by asking them (SIGTERM) and waiting. Nothing that serves is ever killed: a
 * storage that is still busy is only named (rule K8).
 */
final class Stop {
  /** A server brings its operations to a steady state before it ends. */
  static final Duration SERVER_MAX = Duration.ofSeconds(30);

  private static final Duration LOOK_EVERY = Duration.ofMillis(20);

  private final Processes processes;
  private final Time time;

  Stop(Processes processes, Time time) {
    this.processes = processes;
    this.time = time;
  }

  /**
   * In that order, one name after the other.
   *
   * @return what did not end in time, "s0 (pid 4711)"
   */
  List<String> inOrder(List<String> names, Consumer<String> say) throws InterruptedException {
    List<String> left = new ArrayList<>();
    for (String name : names) {
      for (ProcessIdentity process : processes.findAll(name)) {
        if (ended(process)) say.accept(name + " stopped");
        else left.add("%s (pid %d)".formatted(name, process.pid()));
      }
    }
    return left;
  }

  private boolean ended(ProcessIdentity process) throws InterruptedException {
    signal(process, ProcessHandle::destroy);
    return gone(process, SERVER_MAX);
  }

  /** Kills without asking: for a supervisor that hangs, and for what a killed demo left behind. */
  void kill(ProcessIdentity process) throws InterruptedException {
    signal(process, ProcessHandle::destroyForcibly);
    gone(process, SERVER_MAX);
  }

  private void signal(ProcessIdentity process, Consumer<ProcessHandle> send) {
    if (processes.alive(process)) ProcessHandle.of(process.pid()).ifPresent(send);
  }

  private boolean gone(ProcessIdentity process, Duration atMost) throws InterruptedException {
    long deadline = time.nanos() + atMost.toNanos();
    while (processes.alive(process)) {
      if (time.nanos() - deadline > 0) return false;
      time.sleep(LOOK_EVERY);
    }
    return true;
  }
}
