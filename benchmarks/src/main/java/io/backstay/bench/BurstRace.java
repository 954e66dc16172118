package io.backstay.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.bench.Figure.Aim;
import io.backstay.model.Cut;
import io.backstay.model.Point;
import io.backstay.seam.Time;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Random writes as fast as they go, as much as the log has room for, to a volume whose log goes to
 * an archive and to one that no archive follows: what the protection costs a client. How long the
 * archive takes to catch up is another matter.
 */
final class BurstRace {
  private static final Aim SPEED = Aim.atLeast(0.8, "x");
  private static final int PAIRS_PER_ROUND = 4;
  private static final int WARMING_UP = 2;
  private static final Duration LOOK = Duration.ofMillis(50);

  /** Of a wait for an archive that catches up: ten minutes. */
  private static final int LOOKS_MAX = 12_000;

  private final GroupLine line;
  private final String protectedVolume;
  private final Workplace place;
  private final Meter meter;
  private final Console console;
  private final Time time;
  private final List<Double> caughtUp = new ArrayList<>();

  BurstRace(
      GroupLine line,
      String protectedVolume,
      Workplace place,
      Meter meter,
      Console console,
      Time time) {
    this.line = line;
    this.protectedVolume = protectedVolume;
    this.place = place;
    this.meter = meter;
    this.console = console;
    this.time = time;
  }

  Figure run(Fio followed, Fio alone, long burstBytes, int rounds)
      throws BenchException, IOException, InterruptedException {
    List<Double> ratios = new ArrayList<>();
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    for (int i = 0; i < WARMING_UP; i++) pair(followed, alone, burstBytes, i);
    caughtUp.clear();
    for (int i = 0; i < rounds * PAIRS_PER_ROUND; i++) {
      Pair pair = pair(followed, alone, burstBytes, i);
      console.say(
          "a burst of %s: protected %.0f MiB/s, unprotected %.0f MiB/s, caught up in %.1f s",
          Quantities.text(burstBytes), pair.followed(), pair.alone(), caughtUp.getLast());
      ours.add(pair.followed());
      theirs.add(pair.alone());
      ratios.add(pair.followed() / pair.alone());
    }
    Spread ratio = Spread.of(ratios);
    Spread after = Spread.of(caughtUp);
    return new Figure(
        "burst of %s, protected by not".formatted(Quantities.text(burstBytes)),
        ratio.median(),
        SPEED,
        String.format(
            Locale.ROOT,
            "[%.2f - %.2f]; %.0f and %.0f MiB/s; archive there %.1f s [%.1f - %.1f] after it",
            ratio.min(),
            ratio.max(),
            Spread.of(ours).median(),
            Spread.of(theirs).median(),
            after.median(),
            after.min(),
            after.max()));
  }

  /** MiB per second. */
  private record Pair(double followed, double alone) {}

  /** Now the one comes first, now the other. */
  private Pair pair(Fio followed, Fio alone, long bytes, int number)
      throws BenchException, IOException, InterruptedException {
    if (number % 2 == 0) {
      double first = burstAndCatchUp(followed, bytes);
      return new Pair(first, burst(alone, bytes));
    }
    double first = burst(alone, bytes);
    return new Pair(burstAndCatchUp(followed, bytes), first);
  }

  private double burstAndCatchUp(Fio followed, long bytes)
      throws BenchException, IOException, InterruptedException {
    double speed = burst(followed, bytes);
    long begun = time.nanos();
    for (int i = 0; !isCaughtUp(); i++) {
      if (i == LOOKS_MAX) throw new BenchException("the archive does not catch up");
      time.sleep(LOOK);
    }
    caughtUp.add((time.nanos() - begun) / 1e9);
    return speed;
  }

  private double burst(Fio fio, long bytes)
      throws BenchException, IOException, InterruptedException {
    // What an earlier one left in the page cache is not to be written during this one.
    place.settle(meter, List.of());
    List<String> how = new ArrayList<>(Fio.RANDOM_WRITES);
    how.add("--io_size=" + bytes);
    JsonNode job = fio.run(how);
    return job.path("write").path("bw_bytes").asDouble() / Quantities.MIB;
  }

  /** Nothing of the log is unsent, and the archive can restore the newest cut. */
  private boolean isCaughtUp() throws BenchException, IOException, InterruptedException {
    Optional<Reply.LogFacts> log = line.facts(line.storage(), protectedVolume).log();
    Optional<Reply.ShippingFacts> shipping = log.flatMap(Reply.LogFacts::shipping);
    if (shipping.isEmpty() || log.get().givenUp().isPresent())
      throw new BenchException("%s is not protected: %s".formatted(protectedVolume, log));
    if (log.get().notDurableBytes() > 0 || shipping.get().unsentBytes() > 0) return false;
    long gid = log.get().newestCut().map(Cut::gid).orElseThrow();
    Optional<Point> newest = line.facts(line.archive(), protectedVolume).newest();
    return newest.filter(point -> point.gid() >= gid).isPresent();
  }
}
