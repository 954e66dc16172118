package io.backstay.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.bench.Figure.Aim;
import io.backstay.model.Cut;
import io.backstay.model.Point;
import io.backstay.seam.Time;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How long after a cut of the log at the storage its archive can restore it, while a client writes
 * at a steady rate. Both are asked again and again; what is seen late counts as late.
 */
final class LagRun {
  private static final int MIB_PER_SECOND = 50;
  private static final int WARMING_UP_SECONDS = 10;
  private static final Duration LOOK = Duration.ofMillis(20);

  /** What an archive may have missed of the volume: this beyond the interval between two cuts. */
  private static final Aim LAG = Aim.atMost(2, "s");

  private static final Aim RATE = Aim.atLeast(0.98 * MIB_PER_SECOND, "MiB/s");

  private final GroupLine line;
  private final String volume;
  private final Console console;
  private final Time time;

  LagRun(GroupLine line, String volume, Console console, Time time) {
    this.line = line;
    this.volume = volume;
    this.console = console;
    this.time = time;
  }

  List<Figure> run(Fio fio, int seconds) throws BenchException, IOException, InterruptedException {
    console.say("%d MiB/s of random writes for %d s", MIB_PER_SECOND, seconds);
    write(fio, WARMING_UP_SECONDS);
    Watch watch = new Watch();
    Thread watching = time.fork("watch", watch::run);
    JsonNode written = write(fio, seconds);
    watch.over = true;
    watching.join();
    return watch.figures(written.path("write").path("bw_bytes").asDouble() / Quantities.MIB);
  }

  private JsonNode write(Fio fio, int seconds)
      throws BenchException, IOException, InterruptedException {
    List<String> how = new ArrayList<>(Fio.RANDOM_WRITES);
    how.addAll(List.of("--rate=" + MIB_PER_SECOND + "m", "--time_based", "--runtime=" + seconds));
    return fio.run(how);
  }

  /** When each cut was made, and when it was first seen to be restorable. */
  private final class Watch {
    private final TreeMap<Long, Instant> waiting = new TreeMap<>();
    private final List<Double> lags = new ArrayList<>();
    private double oldestSeconds;
    private long seenGid = -1;
    private Optional<String> failure = Optional.empty();
    private volatile boolean over;

    private void run() {
      try {
        while (!over) {
          look();
          time.sleep(LOOK);
        }
      } catch (BenchException | IOException e) {
        failure = Optional.of(e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void look() throws BenchException, IOException, InterruptedException {
      line.facts(line.storage(), volume)
          .log()
          .flatMap(Reply.LogFacts::newestCut)
          .ifPresent(this::made);
      Optional<Point> newest = line.facts(line.archive(), volume).newest();
      newest.ifPresent(point -> restorable(point, time.now()));
    }

    private void made(Cut cut) {
      // The first that is seen was made at any time before.
      if (seenGid >= 0 && cut.gid() > seenGid) waiting.put(cut.gid(), cut.time());
      seenGid = Math.max(seenGid, cut.gid());
    }

    private void restorable(Point newest, Instant now) {
      Map<Long, Instant> those = waiting.headMap(newest.gid(), true);
      those.values().forEach(made -> lags.add(seconds(made, now)));
      those.clear();
      oldestSeconds = Math.max(oldestSeconds, seconds(newest.time(), now));
    }

    private static double seconds(Instant from, Instant to) {
      return Duration.between(from, to).toMillis() / 1e3;
    }

    /** What still waits in the end waited at least until now. */
    private List<Figure> figures(double mibPerSecond) throws BenchException {
      if (failure.isPresent()) throw new BenchException("watching the lag: " + failure.get());
      Instant now = time.now();
      List<Double> late =
          waiting.values().stream()
              .map(made -> seconds(made, now))
              .filter(seconds -> seconds > LAG.bound())
              .toList();
      lags.addAll(late);
      if (lags.isEmpty()) throw new BenchException("no cut became restorable");
      Spread spread = Spread.of(lags);
      String evidence =
          String.format(
              Locale.ROOT,
              "p50 %.2f s of %d cuts, %d not there in the end; what is newest was at most %.1f s old",
              spread.median(),
              lags.size(),
              late.size(),
              oldestSeconds);
      return List.of(
          new Figure("from a cut until it is restorable, worst", spread.max(), LAG, evidence),
          new Figure("random writes meanwhile", mibPerSecond, RATE, ""));
    }
  }
}
