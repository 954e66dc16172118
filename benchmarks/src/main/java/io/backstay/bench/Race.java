package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Contenders one after the other, round after round. Each round begins with another one, so that
 * nobody always runs behind the same neighbour.
 */
final class Race {
  private final Workplace place;
  private final Meter meter;
  private final Console console;

  Race(Workplace place, Meter meter, Console console) {
    this.place = place;
    this.meter = meter;
    this.console = console;
  }

  /** The readings of each contender in the order of the rounds. */
  Map<Contender, List<Reading>> run(List<Contender> contenders, int rounds, List<Path> sources)
      throws BenchException, IOException, InterruptedException {
    Map<Contender, List<Reading>> readings = new LinkedHashMap<>();
    contenders.forEach(contender -> readings.put(contender, new ArrayList<>()));
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < contenders.size(); i++) {
        Contender contender = contenders.get((i + round) % contenders.size());
        Reading reading = once(contender, sources);
        readings.get(contender).add(reading);
        console.say(
            "round %d of %d: %-32s %6.2f s wall %6.2f s CPU",
            round + 1, rounds, contender.name(), reading.wallSeconds(), reading.cpuSeconds());
      }
    }
    return readings;
  }

  private Reading once(Contender contender, List<Path> sources)
      throws BenchException, IOException, InterruptedException {
    contender.prepare();
    place.settle(meter, sources);
    Reading reading = contender.run();
    contender.check();
    contender.clean();
    return reading;
  }
}
