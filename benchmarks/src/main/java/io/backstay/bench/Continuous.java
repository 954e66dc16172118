package io.backstay.bench;

import io.backstay.bench.Figure.Aim;
import io.backstay.seam.Time;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The way of the log from a client's write to what an archive restores, hop by hop. */
final class Continuous {
  private static final String PROTECTED = "protected";
  private static final String UNPROTECTED = "unprotected";

  /** The smaller log, and a burst that the log has room for. */
  private static final int PART = 4;

  private static final long LOG_BYTES_MIN = 512 * Quantities.MIB;

  private final Settings settings;
  private final Workplace place;
  private final Meter meter;
  private final Console console;
  private final Time time;
  private final List<Figure> figures = new ArrayList<>();

  /**
   * @param sizeBytes of the larger log that the proxy gets, and of each volume
   * @param seconds of steady writes
   */
  record Settings(long sizeBytes, int rounds, int seconds, Set<Hop> hops) {}

  /** What is measured apart from the others. */
  enum Hop {
    PROXY,
    VOLUMES,
    CHAIN;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  Continuous(Settings settings, Workplace place, Meter meter, Console console, Time time) {
    this.settings = settings;
    this.place = place;
    this.meter = meter;
    this.console = console;
    this.time = time;
  }

  /** A table, and whether all of it is met. */
  record Outcome(Instant began, double startSeconds, List<Figure> figures) {
    boolean allMet() {
      return figures.stream().allMatch(Figure::met);
    }

    String text() {
      List<String> lines = new ArrayList<>();
      lines.add(
          String.format(
              Locale.ROOT,
              "%s; the group's processes were up in %.1f s, which is in none of these",
              began,
              startSeconds));
      lines.add("");
      figures.forEach(figure -> lines.add(figure.text()));
      return String.join("\n", lines);
    }
  }

  Outcome run() throws BenchException, IOException, InterruptedException {
    Instant began = time.now();
    double startSeconds = 0;
    if (settings.hops.contains(Hop.PROXY) || settings.hops.contains(Hop.VOLUMES))
      startSeconds = group();
    if (settings.hops.contains(Hop.CHAIN))
      figures.add(new ChainReads(console, time).run(place.folder("chain"), settings.rounds()));
    return new Outcome(began, startSeconds, List.copyOf(figures));
  }

  /** Seconds until it was up. */
  private double group() throws BenchException, IOException, InterruptedException {
    console.say("starting a group");
    double startSeconds;
    try (OwnGroup group = OwnGroup.start(place.at("continuous-group"), meter, "--storages", "2");
        GroupLine line = new GroupLine(group.layout(), place.folder("operator"), time)) {
      startSeconds = group.startSeconds();
      List<Long> sizes = List.of(settings.sizeBytes() / PART, settings.sizeBytes());
      if (settings.hops.contains(Hop.PROXY))
        figures.addAll(
            new ProxyRace(group, line, place, meter, console, time).run(sizes, settings.rounds()));
      if (settings.hops.contains(Hop.VOLUMES)) volumes(group, line);
    }
    Workplace.delete(place.at("continuous-group"));
    return startSeconds;
  }

  private void volumes(OwnGroup group, GroupLine line)
      throws BenchException, IOException, InterruptedException {
    // Each at a storage of its own, so that nobody pays for the other one's memory.
    Fio followed = filled(group, PROTECTED, line.storages().getFirst());
    Fio alone = filled(group, UNPROTECTED, line.storages().getLast());
    group.call("backup", "full", PROTECTED);
    List<String> servers = List.of(line.storage(), line.proxy(), line.archive());

    group.forgetPeaks();
    figures.addAll(new LagRun(line, PROTECTED, console, time).run(followed, settings.seconds()));
    for (String server : servers) figures.add(memory(group, server, "steady writes"));

    group.forgetPeaks();
    figures.add(
        new BurstRace(line, PROTECTED, place, meter, console, time)
            .run(followed, alone, settings.sizeBytes() / PART, settings.rounds()));
    for (String server : servers) figures.add(memory(group, server, "bursts"));
  }

  private Fio filled(OwnGroup group, String volume, String storage)
      throws BenchException, IOException, InterruptedException {
    long logBytes = Math.max(LOG_BYTES_MIN, settings.sizeBytes());
    String uri = group.addLogged(volume, settings.sizeBytes(), logBytes, "--on", storage);
    Fio fio = new Fio(uri, settings.sizeBytes(), meter);
    fio.run(Fio.FILL);
    return fio;
  }

  private static Figure memory(OwnGroup group, String server, String during)
      throws BenchException, IOException, InterruptedException {
    ProcessTable.Resident now = group.resident(server);
    return new Figure(
        "peak memory of %s, %s".formatted(server, during),
        (double) group.peak(server) / Quantities.MIB,
        Aim.atMost(Report.Memory.MAX_MIB, "MiB"),
        "afterwards its own %d, mapped files %d, shared %d"
            .formatted(
                now.anonymous() / Quantities.MIB,
                now.files() / Quantities.MIB,
                now.shared() / Quantities.MIB));
  }
}
