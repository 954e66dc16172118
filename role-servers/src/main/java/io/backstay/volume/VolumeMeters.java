package io.backstay.volume;

import io.backstay.model.OperationReport;
import io.backstay.seam.Time;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a server's metrics say of its operations, read from the ledger and from what runs, so that
 * they are as true after a restart as before it. {@code backstay_operation_seconds_since_progress}
 * is what an alarm watches: a backup that does not move.
 */
public final class VolumeMeters {
  private static final Duration REFRESH_EVERY = Duration.ofSeconds(5);

  private final Operations<?> operations;
  private final Runnable more;
  private final Time time;
  private final MultiGauge done;
  private final MultiGauge stalled;

  private VolumeMeters(MeterRegistry registry, Operations<?> operations, Runnable more, Time time) {
    this.operations = operations;
    this.more = more;
    this.time = time;
    this.done =
        MultiGauge.builder("backstay.operation.durable")
            .description("durable bytes of the operations that run now")
            .baseUnit("bytes")
            .register(registry);
    this.stalled =
        MultiGauge.builder("backstay.operation.since.progress")
            .description("time since the durable bytes of a running operation last grew")
            .baseUnit("seconds")
            .register(registry);
    Gauge.builder("backstay.operations.running", operations, Operations::countRunning)
        .description("operations that run now")
        .register(registry);
    FunctionCounter.builder("backstay.transfer", operations, Operations::bytesMoved)
        .description("payload bytes that this process sent or wrote for its operations")
        .baseUnit("bytes")
        .register(registry);
  }

  /** Registers them and keeps them fresh until the flag is set. */
  static void register(
      MeterRegistry registry,
      Operations<?> operations,
      Runnable more,
      Time time,
      AtomicBoolean stopped) {
    VolumeMeters meters = new VolumeMeters(registry, operations, more, time);
    time.fork("meters", () -> meters.refreshUntil(stopped));
  }

  private void refreshUntil(AtomicBoolean stopped) {
    try {
      while (!stopped.get()) {
        more.run();
        refresh();
        time.sleep(REFRESH_EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void refresh() {
    List<OperationReport> running =
        operations.list(Optional.empty()).stream().filter(OperationReport::running).toList();
    done.register(
        running.stream().map(r -> MultiGauge.Row.of(tags(r), (double) r.bytesDone())).toList(),
        true);
    stalled.register(
        running.stream().map(r -> MultiGauge.Row.of(tags(r), r, this::since)).toList(), true);
  }

  private double since(OperationReport report) {
    return Duration.between(report.lastProgress(), time.now()).toMillis() / 1000.0;
  }

  private static Tags tags(OperationReport report) {
    return Tags.of("volume", report.volume(), "kind", report.kind().word());
  }
}
