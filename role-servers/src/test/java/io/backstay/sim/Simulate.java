package io.backstay.sim;

import io.backstay.sim.flow.SimulateFlows;
import io.backstay.sim.log.SimulateLogs;
import java.io.PrintStream;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Many simulations, one seed each: {@code --seeds N [--seed S] [--log | --flow [--short]]
 * [--verbose]}. One line for each that fails, with the command that replays it, and a summary. Exit
 * code 1 when one failed. {@code --log}: worlds of one logged volume, which cost a hundredth,
 * instead of whole groups. {@code --flow}: whole groups whose volumes are backed up continuously,
 * with {@code --short} less of each, as in CI.
 */
public final class Simulate {
  private static final String USAGE =
      """
      simulate [--seeds N] [--seed S] [--log | --flow [--short]] [--verbose]
        --seeds N   so many worlds, 100 if it is not said
        --seed S    from that seed on, 1 if it is not said
        --log       one logged volume instead of a group
        --flow      a group whose volumes are backed up continuously
        --short     with --flow: less happens in each, as in CI
        --verbose   every step, and the stack of what failed
      e.g.  backstay simulate --flow --seeds 50
            backstay simulate --flow --seeds 1 --seed 24 --verbose\
      """;

  private static final int TEXT_MAX = 1500;
  private static final double NANOS_PER_HOUR = 3.6e12;

  private final EnumMap<Fault, Long> faults = new EnumMap<>(Fault.class);
  private final Map<String, Long> seen = new TreeMap<>();
  private long seeds;
  private long failed;
  private double hours;
  private long steps;
  private long runs;
  private long restores;
  private long bytes;

  private Simulate() {}

  public static void main(String[] arguments) {
    long many = 100;
    long first = 1;
    boolean verbose = false;
    boolean logs = false;
    boolean flows = false;
    boolean brief = false;
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--seeds" -> many = Long.parseLong(arguments[++i]);
        case "--seed" -> first = Long.parseLong(arguments[++i]);
        case "--verbose" -> verbose = true;
        case "--log" -> logs = true;
        case "--flow" -> flows = true;
        case "--short" -> brief = true;
        default -> {
          System.err.println(USAGE);
          System.exit(2);
        }
      }
    }
    // Threads that were killed must not be kept by the JDK's list of threads.
    System.setProperty("jdk.trackAllThreads", "false");
    if (logs) System.exit(new SimulateLogs().simulate(first, many, verbose, System.out) ? 1 : 0);
    if (flows)
      System.exit(new SimulateFlows(brief).simulate(first, many, verbose, System.out) ? 1 : 0);
    Simulate all = new Simulate();
    for (long seed = first; seed < first + many; seed++) all.simulate(seed, verbose);
    all.summary(System.out);
    System.exit(all.failed > 0 ? 1 : 0);
  }

  private void simulate(long seed, boolean verbose) {
    Simulation.Result result =
        Simulation.run(seed, verbose ? Optional.of(System.out::println) : Optional.empty());
    seeds++;
    hours += result.nanos() / NANOS_PER_HOUR;
    steps += result.steps();
    runs += result.runs();
    restores += result.restoresCompared();
    bytes += result.bytesCompared();
    for (Map.Entry<Fault, Integer> entry : result.faults().entrySet())
      faults.merge(entry.getKey(), (long) entry.getValue(), Long::sum);
    for (Map.Entry<String, Integer> entry : result.seen().entrySet())
      seen.merge(entry.getKey(), (long) entry.getValue(), Long::sum);
    if (result.failure().isPresent()) failed(result, result.failure().get(), verbose);
    else if (verbose) System.out.printf("seed %d: trace %016x%n", seed, result.hash());
  }

  private void failed(Simulation.Result result, Throwable failure, boolean verbose) {
    failed++;
    String text = failure instanceof Violation ? failure.getMessage() : failure.toString();
    System.out.printf(
        "seed %d failed: %s%n  replay: ./backstay simulate --seeds 1 --seed %d --verbose%n",
        result.seed(), text.substring(0, Math.min(TEXT_MAX, text.length())), result.seed());
    if (verbose) failure.printStackTrace(System.out);
  }

  private void summary(PrintStream out) {
    out.printf(
        "%d seeds, %d failed; %.1f simulated hours, %d steps, %d runs, %d restores and %d MiB compared%n",
        seeds, failed, hours, steps, runs, restores, bytes >> 20);
    out.println("faults: " + faults);
    out.println("seen: " + seen);
  }
}
