package io.backstay.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Random writes to a logged volume for long, with a log that is lapped many times and data that
 * reach their device more slowly than the log: whether anybody waits meanwhile.
 */
final class NbdEndurance {
  private static final String VOLUME = "bench";
  private static final int BLOCK_BYTES = 4096;
  private static final int DEPTH = 16;
  private static final int WORST = 5;

  /** What people call a stall. */
  private static final double STALL_MILLIS = 1_000;

  private final Workplace place;
  private final Meter meter;
  private final Settings settings;

  record Settings(long sizeBytes, long logBytes, int seconds) {}

  /** The longest that one of the writes took that ended in this second. */
  private record Second(long second, double worstMillis) {}

  NbdEndurance(Settings settings, Workplace place, Meter meter) {
    this.settings = settings;
    this.place = place;
    this.meter = meter;
  }

  String run() throws BenchException, IOException, InterruptedException {
    try (OwnGroup group = OwnGroup.start(place.at("nbd-group"), meter)) {
      String uri = group.addLogged(VOLUME, settings.sizeBytes(), settings.logBytes());
      Fio fio = new Fio(uri, settings.sizeBytes(), meter);
      fio.run(Fio.FILL);
      Path log = place.folder("latency").resolve("write");
      return text(
          fio.run(
                  List.of(
                      "--rw=randwrite",
                      "--bs=" + BLOCK_BYTES,
                      "--iodepth=" + DEPTH,
                      "--time_based",
                      "--runtime=" + settings.seconds(),
                      "--write_lat_log=" + log,
                      "--log_avg_msec=1000",
                      "--log_max_value=1"))
              .path("write"),
          seconds(log.resolveSibling("write_clat.1.log")));
    }
  }

  /** Lines of "milliseconds, nanoseconds, ...". */
  private static List<Second> seconds(Path log) throws IOException {
    List<Second> seconds = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      String[] fields = line.split(", *");
      seconds.add(new Second(Long.parseLong(fields[0]) / 1000, Long.parseLong(fields[1]) / 1e6));
    }
    return seconds;
  }

  private String text(JsonNode writes, List<Second> seconds) {
    JsonNode percentiles = writes.path("clat_ns").path("percentile");
    List<String> out = new ArrayList<>();
    out.add(
        "4 KiB random write, depth %d, %d s, volume of %s, log of %s, lapped %d times"
            .formatted(
                DEPTH,
                settings.seconds(),
                Quantities.text(settings.sizeBytes()),
                Quantities.text(settings.logBytes()),
                writes.path("io_bytes").asLong() / settings.logBytes()));
    out.add(
        String.format(
            Locale.ROOT,
            "%.0f/s, at least %.0f/s in each half second; p50 %.0f, p99 %.0f, p99.9 %.0f, p99.99 %.0f us; worst %.1f ms",
            writes.path("iops").asDouble(),
            writes.path("iops_min").asDouble(),
            percentiles.path("50.000000").asDouble() / 1e3,
            percentiles.path("99.000000").asDouble() / 1e3,
            percentiles.path("99.900000").asDouble() / 1e3,
            percentiles.path("99.990000").asDouble() / 1e3,
            writes.path("clat_ns").path("max").asDouble() / 1e6));
    seconds.stream()
        .sorted(Comparator.comparingDouble(Second::worstMillis).reversed())
        .limit(WORST)
        .forEach(one ->
            out.add(
                String.format(
                    Locale.ROOT, "second %4d: %.1f ms", one.second(), one.worstMillis())));
    long stalls = seconds.stream().filter(one -> one.worstMillis() > STALL_MILLIS).count();
    out.add("seconds in which a write took more than a second: " + stalls);
    return String.join("\n", out);
  }
}
