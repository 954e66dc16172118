package io.backstay.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A logged volume beside other NBD servers on the same disk, with fio as the client of all of them.
 * All serve as much, written once before. One server works at a time.
 *
 * <p>Before each row nothing waits to be written, and the page cache is empty where the row writes,
 * full of the volume where it reads (for root; others cannot empty it): what one row left there is
 * in nobody's next one. Ours runs each row once before, uncounted, so that the compilers are
 * through with it.
 */
final class NbdRace {
  private static final String OURS = "backstay";
  private static final String VOLUME = "bench";
  private static final List<String> CONNECTING = List.of("nbdinfo", "--size");
  private static final int CONNECT_ATTEMPTS = 100;
  private static final int WARM_UP_SECONDS = 2;

  private final Workplace place;
  private final Meter meter;
  private final Console console;
  private final Settings settings;

  /**
   * @param seconds of each run
   * @param unix over Unix sockets, else over loopback TCP
   */
  record Settings(long sizeBytes, long logBytes, int rounds, int seconds, boolean unix, int port) {}

  /** One run of fio: requests or MiB per second, and latencies in microseconds. */
  record Run(double perSecond, double mibPerSecond, double p50, double p99, double p999) {}

  NbdRace(Settings settings, Workplace place, Meter meter, Console console) {
    this.settings = settings;
    this.place = place;
    this.meter = meter;
    this.console = console;
  }

  /** The table as text; the ratios are ours by the best peer's. */
  String run() throws BenchException, IOException, InterruptedException {
    Path file = place.at("nbd-peer.img");
    fill(file);
    Map<String, Map<NbdWorkload, List<Run>>> runs = new LinkedHashMap<>();
    try (OwnGroup group = OwnGroup.start(place.at("nbd-group"), meter)) {
      String own = ownUri(group);
      new Fio(own, settings.sizeBytes(), meter).run(Fio.FILL);
      for (NbdWorkload workload : NbdWorkload.all()) fio(own, workload.fio(), WARM_UP_SECONDS);
      List<String> names = new ArrayList<>(List.of(OURS));
      names.addAll(NbdPeer.NAMES);
      names.add(NbdPeer.IDLE);
      for (int round = 0; round < settings.rounds(); round++) {
        for (int i = 0; i < names.size(); i++) {
          String name = names.get((i + round) % names.size());
          Map<NbdWorkload, List<Run>> theirs =
              runs.computeIfAbsent(name, _ -> new LinkedHashMap<>());
          if (name.equals(OURS)) all(name, own, theirs);
          else allOf(name, file, theirs);
        }
      }
    }
    Workplace.delete(file);
    return table(runs);
  }

  private void allOf(String name, Path file, Map<NbdWorkload, List<Run>> into)
      throws BenchException, IOException, InterruptedException {
    Path socket = place.at("peer.sock");
    try (NbdPeer peer = NbdPeer.start(name, file, socket, settings.port(), settings.unix())) {
      all(name, NbdPeer.uri(socket, settings.port(), settings.unix()), into);
    }
  }

  private void all(String name, String uri, Map<NbdWorkload, List<Run>> into)
      throws BenchException, IOException, InterruptedException {
    awaitServed(uri);
    for (NbdWorkload workload : NbdWorkload.all()) {
      place.settle(meter, List.of());
      if (workload.reads()) new Fio(uri, settings.sizeBytes(), meter).run(Fio.READ_ALL);
      Run run = fio(uri, workload.fio(), settings.seconds());
      into.computeIfAbsent(workload, _ -> new ArrayList<>()).add(run);
      console.say("%-24s %-38s %s", name, workload.name(), shown(workload, run));
    }
  }

  private void awaitServed(String uri) throws BenchException, IOException, InterruptedException {
    List<String> command = new ArrayList<>(CONNECTING);
    command.add(uri);
    BenchException last = null;
    for (int i = 0; i < CONNECT_ATTEMPTS; i++) {
      try {
        meter.run("nbdinfo", command, Map.of());
        return;
      } catch (BenchException e) {
        last = e;
      }
    }
    throw last;
  }

  /** Serves a new volume. */
  private String ownUri(OwnGroup group) throws BenchException, IOException, InterruptedException {
    String unix = group.addLogged(VOLUME, settings.sizeBytes(), settings.logBytes());
    return settings.unix() ? unix : group.serveOnLoopback(VOLUME);
  }

  private void fill(Path file) throws BenchException, IOException, InterruptedException {
    meter.run(
        "dd",
        List.of(
            "dd",
            "if=/dev/zero",
            "of=" + file,
            "bs=1M",
            "count=" + settings.sizeBytes() / Quantities.MIB,
            "oflag=direct",
            "status=none"),
        Map.of());
  }

  private Run fio(String uri, List<String> how, int seconds)
      throws BenchException, IOException, InterruptedException {
    List<String> all = new ArrayList<>(how);
    all.addAll(List.of("--randseed=7", "--group_reporting", "--time_based"));
    all.add("--runtime=" + seconds);
    JsonNode job = new Fio(uri, settings.sizeBytes(), meter).run(all);
    boolean writes = job.path("write").path("total_ios").asLong() > 0;
    JsonNode side = job.path(writes ? "write" : "read");
    JsonNode latencies = side.path("clat_ns").path("percentile");
    return new Run(
        side.path("iops").asDouble(),
        side.path("bw_bytes").asDouble() / Quantities.MIB,
        latencies.path("50.000000").asDouble() / 1000,
        latencies.path("99.000000").asDouble() / 1000,
        latencies.path("99.900000").asDouble() / 1000);
  }

  private static boolean inMib(NbdWorkload workload) {
    return workload.name().startsWith("1 MiB");
  }

  private static String shown(NbdWorkload workload, Run run) {
    String speed =
        inMib(workload)
            ? String.format(Locale.ROOT, "%.0f MiB/s", run.mibPerSecond())
            : String.format(Locale.ROOT, "%.0f/s", run.perSecond());
    return String.format(
        Locale.ROOT, "%s [%.0f / %.0f / %.0f]", speed, run.p50(), run.p99(), run.p999());
  }

  private String table(Map<String, Map<NbdWorkload, List<Run>>> runs) {
    List<String> out = new ArrayList<>();
    out.add(
        "per second [p50 / p99 / p99.9 in microseconds], medians of %d rounds of %d s, %s"
            .formatted(
                settings.rounds(),
                settings.seconds(),
                settings.unix() ? "Unix socket" : "loopback TCP"));
    for (NbdWorkload workload : NbdWorkload.all()) {
      out.add("");
      Map<String, Double> speeds = new LinkedHashMap<>();
      for (String name : runs.keySet()) {
        Run run = median(runs.get(name).get(workload));
        out.add("%-38s %-22s %s".formatted(workload.name(), name, shown(workload, run)));
        speeds.put(name, run.perSecond());
      }
      double ours = speeds.remove(OURS);
      double idle = speeds.remove(NbdPeer.IDLE);
      if (workload.isWrittenTwice()) {
        out.add(verdict("by nbdkit's", ours / speeds.get(NbdPeer.NBDKIT), 1, 1));
        speeds.keySet().retainAll(List.of(NbdPeer.QEMU_DIRECT));
      }
      double best = Collections.max(speeds.values());
      out.add(verdict("ratio", ours / best, workload.least(), workload.goal()));
      out.add(
          String.format(
              Locale.ROOT, "%-38s of the same, a server that does nothing: %.2f", "", idle / best));
    }
    return String.join("\n", out);
  }

  private static String verdict(String what, double ratio, double least, double goal) {
    return String.format(
        Locale.ROOT,
        "%-38s %s %.2f, at least %.2f, goal %.2f: %s",
        "",
        what,
        ratio,
        least,
        goal,
        ratio >= goal ? "goal" : ratio >= least ? "met" : "NOT MET");
  }

  private static Run median(List<Run> runs) {
    List<Run> sorted =
        runs.stream().sorted(java.util.Comparator.comparingDouble(Run::perSecond)).toList();
    return sorted.get(sorted.size() / 2);
  }
}
