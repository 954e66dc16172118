package io.backstay.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.backstay.convert.Advance;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Shows how far a command is that works on files by itself: a bar on a terminal, else one line of
 * JSON every ten seconds; both on stderr.
 */
final class FileProgress implements Advance, AutoCloseable {
  private static final Duration BAR_EVERY = Duration.ofMillis(500);

  private final Shell shell;
  private final PrintStream err;
  private final boolean watched;
  private final Meter meter = new Meter();
  private long lastNanos;
  private int shown;

  /** One line for machines. */
  @JsonInclude(JsonInclude.Include.NON_ABSENT)
  private record Line(
      String step,
      long bytesDone,
      long bytesTotal,
      long bytesPerSecond,
      Optional<Long> etaSeconds) {}

  FileProgress(Shell shell) {
    this.shell = shell;
    this.err = shell.err();
    this.watched = shell.watched();
    this.lastNanos = shell.time().nanos();
  }

  @Override
  public void at(String step, long bytesDone, long bytesTotal) {
    long nanos = shell.time().nanos();
    Duration every = watched ? BAR_EVERY : Progress.LINE_EVERY;
    if (nanos - lastNanos < every.toNanos()) return;
    lastNanos = nanos;
    meter.observe(nanos, bytesDone);
    if (watched) redraw(bar(step, bytesDone, bytesTotal));
    else err.println(Output.line(Map.of("progress", line(step, bytesDone, bytesTotal))));
  }

  private Line line(String step, long bytesDone, long bytesTotal) {
    return new Line(
        step,
        bytesDone,
        bytesTotal,
        Math.round(meter.bytesPerSecond()),
        bytesTotal == 0 ? Optional.empty() : meter.remaining(bytesTotal).map(Duration::toSeconds));
  }

  private String bar(String step, long bytesDone, long bytesTotal) {
    if (bytesTotal == 0)
      return "%s  %s  %s"
          .formatted(step, Quantity.bytes(bytesDone), Quantity.rate(meter.bytesPerSecond()));
    Progress.Snapshot snapshot =
        new Progress.Snapshot("", step, bytesDone, bytesTotal, Optional.empty());
    return "%s  %s".formatted(step, Progress.numbers(snapshot, meter));
  }

  private void redraw(String text) {
    err.print("\r" + text + " ".repeat(Math.max(0, shown - text.length())));
    err.flush();
    shown = text.length();
  }

  /** Leaves the last bar on the screen. */
  @Override
  public void close() {
    if (shown > 0) err.println();
    shown = 0;
  }
}
