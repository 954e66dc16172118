package io.backstay.bench;

import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs a command in a session of its own and reads /proc while it runs. What its processes do in
 * their last {@link #EVERY_MILLIS} is not seen.
 */
final class Meter {
  private static final int EVERY_MILLIS = 50;

  private final Time time;
  private final Path logs;

  Meter(Time time, Path logs) {
    this.time = time;
    this.logs = logs;
  }

  /**
   * @param standardOutput all of it
   */
  record Finished(Reading reading, String standardOutput) {}

  /**
   * @throws BenchException when the command fails, with the end of what it said
   */
  Finished run(String name, List<String> command, Map<String, String> environment)
      throws BenchException, IOException, InterruptedException {
    Path out = logs.resolve("stdout");
    Path err = logs.resolve("stderr");
    List<String> words = new ArrayList<>(List.of("setsid"));
    words.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().putAll(environment);
    builder.redirectInput(new java.io.File("/dev/null"));
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    long begun = time.nanos();
    Process process = builder.start();
    Map<Long, Double> cpuSeconds = new HashMap<>();
    long peakBytes = 0;
    try {
      while (!process.waitFor(EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
        for (ProcessTable.Row row : ProcessTable.session(process.pid())) {
          cpuSeconds.merge(row.pid(), row.cpuSeconds(), Math::max);
          peakBytes = Math.max(peakBytes, ProcessTable.peakBytes(row.pid()));
        }
      }
    } catch (InterruptedException e) {
      process.destroy();
      throw e;
    }
    double wall = (time.nanos() - begun) / 1e9;
    if (process.exitValue() != 0) {
      throw new BenchException(
          "%s failed with exit code %d: %s%n%s"
              .formatted(name, process.exitValue(), String.join(" ", command), tail(err)));
    }
    double cpu = cpuSeconds.values().stream().mapToDouble(Double::doubleValue).sum();
    return new Finished(new Reading(wall, cpu, peakBytes, 0), Files.readString(out));
  }

  private static String tail(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
  }
}
