package io.backstay.cli;

import io.backstay.seam.Time;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Tells what the demo does: one line per step, with the seconds since it began. */
final class Narration {
  private static final long PROGRESS_EVERY_NANOS = 1_000_000_000L;

  private final PrintStream to;
  private final Time time;
  private final long begun;
  private final AtomicLong lastProgress;
  private final Meter meter = new Meter();
  private final AtomicReference<Optional<String>> lastWaiting =
      new AtomicReference<>(Optional.empty());

  /** On stdout, unless that is for JSON. */
  Narration(Shell shell) {
    this.to = shell.output().format().forMachines() ? shell.err() : shell.out();
    this.time = shell.time();
    this.begun = time.nanos();
    this.lastProgress = new AtomicLong(begun);
  }

  double seconds() {
    return (time.nanos() - begun) / 1e9;
  }

  void step(String text) {
    to.println(String.format(Locale.ROOT, "[%6.1f s] %s", seconds(), text));
    to.flush();
  }

  /** More about the step. */
  void detail(String text) {
    to.println("           " + text);
    to.flush();
  }

  /** At most one line per second, and what is waited for only when it is something else. */
  void progress(Progress.Snapshot seen) {
    long now = time.nanos();
    meter.observe(now, seen.bytesDone());
    if (now - lastProgress.get() < PROGRESS_EVERY_NANOS) return;
    lastProgress.set(now);
    Optional<String> waiting = seen.waiting().map(its -> "waiting for " + its.text());
    boolean told = waiting.isPresent() && waiting.equals(lastWaiting.getAndSet(waiting));
    if (told) return;
    if (waiting.isPresent()) detail(waiting.get());
    else if (seen.bytesTotal() > 0) detail(Progress.numbers(seen, meter));
  }

  /** The result, and what to try next. */
  void end(Demo.Proof proof, DemoGround ground) {
    step("every byte came back, although the archive server died in the middle of each backup");
    proof.continuous().ifPresent(this::tell);
    String group = ground.layout().directory().toString();
    if (!ground.kept()) {
      detail("Nothing is left running. To keep the group and look around:");
      detail("  backstay demo --keep");
      return;
    }
    String volume = proof.plain().volume();
    detail("The group runs on. Temporal web UI, with the runs of this demo: " + proof.uiUrl());
    detail("Commands to try next:");
    detail("  export BACKSTAY_DIR=" + group);
    detail("  backstay status");
    detail("  backstay run list");
    detail("  backstay run show full-backup/" + volume);
    detail("  backstay verify " + volume);
    detail("  backstay backup full " + volume);
    proof.continuous().ifPresent(this::tryNext);
    detail("  backstay down && rm -r " + ground.directory());
  }

  private void tell(ContinuousAct.Proof proof) {
    detail(
        "%s: %d of %d rows were there again %.1f s after they were asked for, as they were %.2f s before the mistake"
            .formatted(
                proof.volume(),
                proof.rowsBack(),
                proof.rows(),
                proof.exportedAfterSeconds(),
                proof.gapSeconds()));
  }

  private void tryNext(ContinuousAct.Proof proof) {
    String volume = proof.volume();
    detail("  backstay volume show " + volume);
    detail("  backstay point list %s --last 10".formatted(volume));
    detail("  backstay export %s --gid %d".formatted(volume, proof.gid()));
    detail(
        "  backstay restore %s --at '%s' --to /path/to/new-file".formatted(volume, proof.time()));
  }
}
