package io.backstay.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One kind of work, done by all contenders.
 *
 * @param factors peer's name to the ratio that is aimed at
 */
record Result(
    String work,
    long imageBytes,
    Map<Contender, List<Reading>> readings,
    Map<String, Double> factors) {

  /** One contender's line. */
  record Line(
      String work,
      String name,
      String command,
      Spread wallSeconds,
      double mibPerSecond,
      double cpuSeconds,
      long peakMib,
      Optional<Spread> serverSeconds,
      double ratioToOurs) {}

  List<Line> lines(String ours) {
    double own = wall(readings.get(named(ours))).median();
    List<Line> lines = new ArrayList<>();
    readings.forEach((contender, of) -> {
      Spread wall = wall(of);
      Optional<Spread> servers =
          of.getFirst().serverSeconds() == 0
              ? Optional.empty()
              : Optional.of(Spread.of(of.stream().map(Reading::serverSeconds).toList()));
      lines.add(
          new Line(
              work,
              contender.name(),
              contender.shown(),
              wall,
              imageBytes / wall.median() / Quantities.MIB,
              Spread.of(of.stream().map(Reading::cpuSeconds).toList()).median(),
              of.stream().mapToLong(Reading::peakBytes).max().orElse(0) / Quantities.MIB,
              servers,
              wall.median() / own));
    });
    return lines;
  }

  List<Goal> goals(String ours) {
    return lines(ours).stream()
        .filter(line -> factors.containsKey(line.name()))
        .map(line -> new Goal(work, line.name(), factors.get(line.name()), line.ratioToOurs()))
        .toList();
  }

  private Contender named(String name) {
    return readings.keySet().stream()
        .filter(contender -> contender.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static Spread wall(List<Reading> readings) {
    return Spread.of(readings.stream().map(Reading::wallSeconds).toList());
  }
}
