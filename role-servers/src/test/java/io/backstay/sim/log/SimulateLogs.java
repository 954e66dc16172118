package io.backstay.sim.log;

import io.backstay.sim.Violation;
import java.io.PrintStream;
import java.util.Optional;

/** Many worlds of one logged volume, one seed each; see {@link io.backstay.sim.Simulate}. */
public final class SimulateLogs {
  private static final int TEXT_MAX = 1500;
  private static final double NANOS_PER_HOUR = 3.6e12;

  private long seeds;
  private long failed;
  private long steps;
  private long nanos;
  private long lives;
  private long deaths;
  private long powerLosses;
  private long failedFlushes;
  private long tailsTaken;
  private long logsRead;
  private long compared;

  /** Whether one failed. */
  public boolean simulate(long first, long many, boolean verbose, PrintStream out) {
    for (long seed = first; seed < first + many; seed++) simulate(seed, verbose, out);
    out.printf(
        "%d logged volumes, %d failed; %.1f simulated hours, %d steps, %d lives: %d deaths, %d losses of power, %d failed flushes, %d tails taken; %d logs read, compared %d times%n",
        seeds,
        failed,
        nanos / NANOS_PER_HOUR,
        steps,
        lives,
        deaths,
        powerLosses,
        failedFlushes,
        tailsTaken,
        logsRead,
        compared);
    return failed > 0;
  }

  private void simulate(long seed, boolean verbose, PrintStream out) {
    LogWorld.Result result =
        LogWorld.run(seed, verbose ? Optional.of(out::println) : Optional.empty());
    seeds++;
    steps += result.steps();
    nanos += result.nanos();
    lives += result.lives();
    deaths += result.deaths();
    powerLosses += result.powerLosses();
    failedFlushes += result.failedFlushes();
    tailsTaken += result.tailsTaken();
    logsRead += result.logsRead();
    compared += result.compared();
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
