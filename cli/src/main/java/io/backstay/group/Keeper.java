package io.backstay.group;

import io.backstay.model.Refusal;
import io.backstay.seam.Time;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps one process of the group alive: adopts the one that lives, else starts one. */
final class Keeper {
  private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);

  /** What must be so before the process is started; else why it is not. */
  interface Precondition {
    Optional<Refusal> look() throws IOException;
  }

  private final Member member;
  private final Precondition precondition;
  private final Layout layout;
  private final Launch launch;
  private final Processes processes;
  private final Time time;
  private final Backoff backoff = new Backoff();

  private Optional<ProcessIdentity> running = Optional.empty();
  private long begunNanos;
  private long dueNanos;

  Keeper(
      Member member,
      Precondition precondition,
      Layout layout,
      Launch launch,
      Processes processes,
      Time time) {
    this.member = member;
    this.precondition = precondition;
    this.layout = layout;
    this.launch = launch;
    this.processes = processes;
    this.time = time;
    this.dueNanos = time.nanos();
  }

  /** Looks at the process and does what is due; never waits. */
  void look() {
    if (running.isPresent()) {
      if (processes.alive(running.get())) return;
      ended();
    }
    if (time.nanos() - dueNanos < 0) return;
    if (!adopted()) start();
  }

  private void ended() {
    Duration lived = Duration.ofNanos(time.nanos() - begunNanos);
    Duration delay = backoff.ended(lived);
    LOG.warn(
        "{} (pid {}) ended after {} s; starting it again in {} s",
        member.name(),
        running.get().pid(),
        lived.toSeconds(),
        delay.toSeconds());
    running = Optional.empty();
    dueNanos = time.nanos() + delay.toNanos();
  }

  private boolean adopted() {
    running = processes.find(member.name());
    running.ifPresent(process -> {
      begunNanos = time.nanos();
      LOG.info("{} lives already (pid {}): adopted", member.name(), process.pid());
    });
    return running.isPresent();
  }

  private void start() {
    begunNanos = time.nanos();
    try {
      Optional<Refusal> missing = precondition.look();
      if (missing.isPresent()) throw new IOException(missing.get().toString());
      Process process =
          launch.startDetached(member.command(), layout.directory(), layout.printed(member.name()));
      running = processes.record(member.name(), process.pid());
      LOG.info("{} started (pid {})", member.name(), process.pid());
    } catch (IOException e) {
      LOG.error("{} could not be started: {}", member.name(), e.getMessage());
    }
    if (running.isEmpty()) dueNanos = time.nanos() + backoff.ended(Duration.ZERO).toNanos();
  }
}
