package io.backstay.sim.log;

import io.backstay.sim.Violation;
import java.io.PrintStream;
import java.util.Optional;

/** Many worlds of one logged volume, one seed each; see {@link io.backstay.sim.Simulate}. */
public final class SimulateLogs {
  private static final int TEXT_MAX = 1500;
  private static final double NANOS_PER_HOUR = 3.6e12;

  private final Tally all = new Tally();
  private long seeds;
  private long failed;
  private long steps;
  private long nanos;
  private long failedFlushes;
  private long failedDevices;
  private long fullDisks;
  private long resizes;
  private long sessions;
  private long snapshots;
  private long overflows;
  private long cutsCompared;

  /** Whether one failed. */
  public boolean simulate(long first, long many, boolean verbose, PrintStream out) {
    for (long seed = first; seed < first + many; seed++) simulate(seed, verbose, out);
    out.printf(
        "%d logged volumes, %d failed; %.1f simulated hours, %d steps, %d lives: %d deaths, %d"
            + " losses of power, %d failed flushes, %d failing devices, %d full disks, %d tails"
            + " taken; %d sessions, %d snapshots, %d logs given up, %d resizes; %d logs read,"
            + " compared: %d volumes, %d cuts%n",
        seeds,
        failed,
        nanos / NANOS_PER_HOUR,
        steps,
        all.lives,
        all.deaths,
        all.powerLosses,
        failedFlushes,
        failedDevices,
        fullDisks,
        all.tailsTaken,
        sessions,
        snapshots,
        overflows,
        resizes,
        all.logsRead,
        all.compared,
        cutsCompared);
    return failed > 0;
  }

  private void simulate(long seed, boolean verbose, PrintStream out) {
    LogResult result = LogWorld.run(seed, verbose ? Optional.of(out::println) : Optional.empty());
    seeds++;
    steps += result.steps();
    nanos += result.nanos();
    all.add(result.tally());
    failedFlushes += result.mishaps().flushes();
    failedDevices += result.mishaps().devices();
    fullDisks += result.mishaps().fullDisks();
    resizes += result.resizes();
    sessions += result.cuts().sessions();
    snapshots += result.cuts().snapshots();
    overflows += result.cuts().overflows();
    cutsCompared += result.cutsCompared();
    if (result.failure().isEmpty()) {
      if (verbose) out.printf("seed %d: trace %016x%n", seed, result.hash());
      return;
    }
    failed++;
    Throwable failure = result.failure().get();
    String text = failure instanceof Violation ? failure.getMessage() : failure.toString();
    out.printf(
        "seed %d failed: %s%n  replay: ./backstay simulate --log --seeds 1 --seed %d --verbose%n",
        seed, text.substring(0, Math.min(TEXT_MAX, text.length())), seed);
    if (verbose) failure.printStackTrace(out);
  }
}
