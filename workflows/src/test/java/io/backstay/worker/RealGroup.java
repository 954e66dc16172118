package io.backstay.worker;

import io.backstay.activity.MemoryServers;
import io.backstay.activity.QuickTime;
import io.backstay.seam.Time;
import io.backstay.wire.UnreachableException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A group in memory whose worker works at a real Temporal server, in a namespace of its own. */
final class RealGroup implements AutoCloseable {
  private final QuickTime time = new QuickTime();
  final MemoryServers servers = new MemoryServers(time);
  final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  final Runs runs;
  private final WorkerSettings settings;
  private BackstayWorker worker;

  RealGroup(TemporalServer temporal, String namespace) {
    settings = WorkerSettings.of(temporal.address(), namespace);
    runs = Runs.connect(temporal.address(), namespace, Time.system());
    servers.protect("vol0", 2);
  }

  /** A worker that has connected. */
  static RealGroup start(TemporalServer temporal, String namespace) {
    RealGroup group = new RealGroup(temporal, namespace);
    group.startWorker();
    group.until(() -> group.worker().trouble().isEmpty());
    return group;
  }

  void startWorker() {
    worker = BackstayWorker.start(settings, servers, metrics, time);
  }

  BackstayWorker worker() {
    return worker;
  }

  void until(BooleanSupplier condition) {
    for (int i = 0; i < 1200; i++) {
      if (condition.getAsBoolean()) return;
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
    throw new AssertionError("it does not come to be");
  }

  /** As the command line does: that Temporal is away for a while ends no waiting. */
  Outcome await(RunKey run) {
    AtomicReference<Outcome> outcome = new AtomicReference<>();
    until(() -> {
      try {
        runs.await(run, Duration.ofSeconds(1)).ifPresent(outcome::set);
      } catch (UnreachableException e) {
        return false;
      }
      return outcome.get() != null;
    });
    return outcome.get();
  }

  @Override
  public void close() {
    if (worker != null) worker.close();
    runs.close();
  }
}
