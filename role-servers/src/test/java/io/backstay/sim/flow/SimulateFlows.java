package io.backstay.sim.flow;

import io.backstay.sim.Fault;
import io.backstay.sim.Violation;
import java.io.PrintStream;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Many groups with continuous backup, one seed each; see {@link io.backstay.sim.Simulate}. */
public final class SimulateFlows {
  private static final int TEXT_MAX = 1500;
  private static final double NANOS_PER_HOUR = 3.6e12;

  private final EnumMap<Fault, Long> faults = new EnumMap<>(Fault.class);
  private final Map<String, Long> seen = new TreeMap<>();
  private long seeds;
  private long failed;
  private long steps;
  private long nanos;
  private long requests;
  private long volumes;
  private long snapshots;
  private long overflows;
  private long restores;

  private final Length length;

  /**
   * @param brief of {@link Length#SHORT}, else of {@link Length#LONG}
   */
  public SimulateFlows(boolean brief) {
    this.length = brief ? Length.SHORT : Length.LONG;
  }

  /** Whether one failed. */
  public boolean simulate(long first, long many, boolean verbose, PrintStream out) {
    for (long seed = first; seed < first + many; seed++) simulate(seed, verbose, out);
    out.printf(
        "%d groups with continuous backup, %d failed; %.1f simulated hours, %d steps, %d faults; %d requests of clients, %d snapshots, %d logs given up; compared: %d volumes, %d restores%n",
        seeds,
        failed,
        nanos / NANOS_PER_HOUR,
        steps,
        faults.values().stream().mapToLong(Long::longValue).sum(),
        requests,
        snapshots,
        overflows,
        volumes,
        restores);
    out.println("faults: " + faults);
    out.println("seen: " + seen);
    return failed > 0;
  }

  private void simulate(long seed, boolean verbose, PrintStream out) {
    FlowWorld.Result result =
        FlowWorld.run(seed, length, verbose ? Optional.of(out::println) : Optional.empty());
    seeds++;
    steps += result.steps();
    nanos += result.nanos();
    requests += result.requests();
    volumes += result.volumesCompared();
    snapshots += result.snapshots();
    overflows += result.overflows();
    restores += result.restoresCompared();
    for (Map.Entry<Fault, Integer> entry : result.faults().entrySet())
      faults.merge(entry.getKey(), (long) entry.getValue(), Long::sum);
    for (Map.Entry<String, Integer> entry : result.seen().entrySet())
      seen.merge(entry.getKey(), (long) entry.getValue(), Long::sum);
    if (result.failure().isEmpty()) {
      if (verbose) out.printf("seed %d: trace %016x%n", seed, result.hash());
      return;
    }
    failed++;
    Throwable failure = result.failure().get();
    String text = failure instanceof Violation ? failure.getMessage() : failure.toString();
    out.printf(
        "seed %d failed: %s%n  replay: %s%n",
        seed, text.substring(0, Math.min(TEXT_MAX, text.length())), length.replay(seed));
    if (verbose) failure.printStackTrace(out);
  }
}
