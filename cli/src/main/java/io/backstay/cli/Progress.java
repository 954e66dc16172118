package io.backstay.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.backstay.group.Lapse;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Shows how far a run is: a bar on a terminal, else one line of JSON every ten seconds; both on
 * stderr.
 */
final class Progress {
  static final Duration LINE_EVERY = Duration.ofSeconds(10);
  private static final int BAR_CELLS = 24;

  /**
   * @param step in words, "sending vol0 to a0"
   * @param bytesTotal 0 when it is not known
   * @param waiting what does not go on, and why
   */
  record Snapshot(
      String workflowId,
      String step,
      long bytesDone,
      long bytesTotal,
      Optional<WaitingFor> waiting) {}

  /** One line for machines. */
  @JsonInclude(JsonInclude.Include.NON_ABSENT)
  record Line(
      String workflowId,
      String step,
      long bytesDone,
      long bytesTotal,
      long bytesPerSecond,
      Optional<Long> etaSeconds,
      Optional<WaitingFor> waiting) {}

  /** What is written to, and how often it is worth asking for news (rule K4). */
  enum Device {
    TERMINAL(Duration.ofSeconds(1)),
    FILE(LINE_EVERY.dividedBy(2));

    private final Duration askEvery;

    Device(Duration askEvery) {
      this.askEvery = askEvery;
    }
  }

  private final PrintStream err;
  private final Device device;
  private final Meter meter = new Meter();
  private Optional<Long> lastLineNanos = Optional.empty();
  private int shown;

  Progress(PrintStream err, Device device) {
    this.err = err;
    this.device = device;
  }

  Duration askEvery() {
    return device.askEvery;
  }

  /**
   * @param nanos of the clock that measures how long things take
   */
  void show(Snapshot snapshot, long nanos) {
    meter.observe(nanos, snapshot.bytesDone());
    switch (device) {
      case TERMINAL -> redraw(bar(snapshot));
      case FILE -> line(snapshot, nanos);
    }
  }

  private void line(Snapshot snapshot, long nanos) {
    if (lastLineNanos.isEmpty()) lastLineNanos = Optional.of(nanos);
    if (nanos - lastLineNanos.get() < LINE_EVERY.toNanos()) return;
    lastLineNanos = Optional.of(nanos);
    Line line =
        new Line(
            snapshot.workflowId(),
            snapshot.step(),
            snapshot.bytesDone(),
            snapshot.bytesTotal(),
            Math.round(meter.bytesPerSecond()),
            meter.remaining(snapshot.bytesTotal()).map(Duration::toSeconds),
            snapshot.waiting());
    err.println(Output.line(Map.of("progress", line)));
  }

  private String bar(Snapshot snapshot) {
    if (snapshot.waiting().isPresent()) {
      return "%s  waiting for %s".formatted(snapshot.workflowId(), snapshot.waiting().get().text());
    }
    if (snapshot.bytesTotal() <= 0) {
      return "%s  %s".formatted(snapshot.workflowId(), snapshot.step());
    }
    return "%s  %s  %s".formatted(snapshot.workflowId(), snapshot.step(), numbers(snapshot, meter));
  }

  /** "[#####-----] 50 % 128.0 of 256.0 MiB 64.0 MiB/s ETA 2 s". */
  static String numbers(Snapshot snapshot, Meter meter) {
    double part = Math.min(1, (double) snapshot.bytesDone() / snapshot.bytesTotal());
    int full = (int) (part * BAR_CELLS);
    String eta =
        meter.remaining(snapshot.bytesTotal()).map(left -> "  ETA " + Lapse.text(left)).orElse("");
    return String.format(
        Locale.ROOT,
        "[%s%s] %3d %%  %s of %s  %s%s",
        "#".repeat(full),
        "-".repeat(BAR_CELLS - full),
        (int) (part * 100),
        Quantity.bytes(snapshot.bytesDone()),
        Quantity.bytes(snapshot.bytesTotal()),
        Quantity.rate(meter.bytesPerSecond()),
        eta);
  }

  private void redraw(String text) {
    err.print("\r" + text + " ".repeat(Math.max(0, shown - text.length())));
    err.flush();
    shown = text.length();
  }

  /** Leaves the last bar on the screen. */
  void end() {
    if (shown > 0) err.println();
    shown = 0;
  }
}
