package io.backstay.bench;

import io.backstay.bench.Figure.Aim;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a proxy takes to receive a log, to make wdiffs of it and to store them durably, beside dd
 * that only copies the log. The proxy is a process of its own, which had a log or two before; this
 * process is its storage. No archive takes the diffs meanwhile.
 */
final class ProxyRace {
  private static final String VOLUME = "fed";

  /** The catalog knows no server of that name, so that the diffs stay where they are. */
  private static final String NO_ARCHIVE = "nobody";

  private static final Aim TIME = Aim.atMost(1.4, "x");
  private static final Aim GROWTH = Aim.atMost(1.1, "x");
  private static final int WARMING_UP = 2;

  private final OwnGroup group;
  private final GroupLine line;
  private final Workplace place;
  private final Meter meter;
  private final Console console;
  private final Time time;

  ProxyRace(
      OwnGroup group, GroupLine line, Workplace place, Meter meter, Console console, Time time) {
    this.group = group;
    this.line = line;
    this.place = place;
    this.meter = meter;
    this.console = console;
    this.time = time;
  }

  /** One pass of the log through the proxy. */
  private record Pass(double wallSeconds, double proxyCpuSeconds) {}

  /**
   * @param sizes of the logs, the smallest first
   */
  List<Figure> run(List<Long> sizes, int rounds)
      throws BenchException, IOException, InterruptedException {
    Path logs = place.folder("wlogs");
    Workplace.delete(logs);
    place.folder("wlogs");
    List<Figure> figures = new ArrayList<>();
    List<Long> peaks = new ArrayList<>();
    for (long size : sizes) {
      Path wlog = logs.resolve(size + ".wlog");
      RandomWlog.make(wlog, size, sizes.getLast(), size);
      LogFeed feed = LogFeed.of(wlog, time);
      for (int i = 0; peaks.isEmpty() && i < WARMING_UP; i++) pass(feed, wlog, "warming up");
      group.forgetPeaks();
      figures.add(measure(feed, wlog, size, rounds));
      peaks.add(group.peak(line.proxy()));
      Workplace.delete(wlog);
    }
    double growth = (double) peaks.getLast() / peaks.getFirst();
    String shown = peaks.stream().map(Quantities::text).toList().toString();
    figures.add(new Figure("its memory, the largest log by the smallest", growth, GROWTH, shown));
    Workplace.delete(logs);
    return figures;
  }

  private Figure measure(LogFeed feed, Path wlog, long size, int rounds)
      throws BenchException, IOException, InterruptedException {
    DirectCopy copy = new DirectCopy(place, meter, wlog.resolveSibling("copy"));
    List<Double> theirs = new ArrayList<>();
    List<Pass> ours = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      theirs.add(copy.seconds(List.of(wlog)));
      console.say("dd, a log of %s: %.2f s", Quantities.text(size), theirs.getLast());
      ours.add(pass(feed, wlog, Quantities.text(size)));
    }
    Spread own = Spread.of(ours.stream().map(Pass::wallSeconds).toList());
    Spread dd = Spread.of(theirs);
    double cpu = Spread.of(ours.stream().map(Pass::proxyCpuSeconds).toList()).median();
    return new Figure(
        "proxy, a log of %s by dd".formatted(Quantities.text(size)),
        own.median() / dd.median(),
        TIME,
        String.format(
            Locale.ROOT,
            "%.2f s [%.2f - %.2f], dd %.2f s [%.2f - %.2f]; %.0f MiB/s, %.1f s CPU of the proxy",
            own.median(),
            own.min(),
            own.max(),
            dd.median(),
            dd.min(),
            dd.max(),
            size / own.median() / Quantities.MIB,
            cpu));
  }

  private Pass pass(LogFeed feed, Path wlog, String name)
      throws BenchException, IOException, InterruptedException {
    place.settle(meter, List.of(wlog));
    double before = group.cpuSeconds(line.proxy());
    double wall;
    try (Channel channel = line.dialProxy()) {
      wall = feed.send(channel, record());
    }
    Pass pass = new Pass(wall, group.cpuSeconds(line.proxy()) - before);
    console.say(
        "proxy, %s: %.2f s, %.2f s CPU of it", name, pass.wallSeconds(), pass.proxyCpuSeconds());
    line.clearAtProxy(VOLUME);
    return pass;
  }

  private Signed record() throws IOException {
    return line.sign(
        new ProtectionRecord(
            1,
            VOLUME,
            VolumeKind.LOGGED,
            Long.MAX_VALUE / 512 * 512,
            "/nowhere/data",
            line.storage(),
            List.of(NO_ARCHIVE),
            NO_ARCHIVE,
            Optional.of(new LogPlan("/nowhere/log", Quantities.GIB, Quantities.MIB)),
            Optional.of(Shipping.by(List.of(line.proxy())))));
  }
}
