package io.backstay.bench;

import io.backstay.archive.DiffsOverImage;
import io.backstay.bench.Figure.Aim;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An image read from one end to the other, alone and with a hundred diffs over it, in turn. */
final class ChainReads {
  private static final Aim SPEED = Aim.atLeast(0.7, "x");
  private static final int PAIRS_PER_ROUND = 3;
  private static final int WARMING_UP = 10;
  private static final int RANGES = 512;

  private final Console console;
  private final Time time;

  ChainReads(Console console, Time time) {
    this.console = console;
    this.time = time;
  }

  private interface Walk {
    long run() throws RefusedException, IOException, InterruptedException;
  }

  /**
   * @param directory a new one; it is deleted in the end
   */
  Figure run(Path directory, int rounds) throws BenchException, IOException, InterruptedException {
    List<Double> alone = new ArrayList<>();
    List<Double> under = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    try (DiffsOverImage images = DiffsOverImage.make(directory, RANGES)) {
      for (int i = -WARMING_UP; i < rounds * PAIRS_PER_ROUND; i++) {
        double one = mibPerSecond(images::readImageAlone);
        double other = mibPerSecond(images::readUnderDiffs);
        console.say("image alone: %.0f MiB/s, under diffs: %.0f MiB/s", one, other);
        if (i < 0) continue;
        alone.add(one);
        under.add(other);
        ratios.add(other / one);
      }
    } catch (RefusedException e) {
      throw new BenchException(e.refusal().message());
    }
    Workplace.delete(directory);
    Spread ratio = Spread.of(ratios);
    return new Figure(
        "image under %d diffs by image alone".formatted(DiffsOverImage.DIFFS),
        ratio.median(),
        SPEED,
        String.format(
            Locale.ROOT,
            "[%.2f - %.2f]; %.0f and %.0f MiB/s",
            ratio.min(),
            ratio.max(),
            Spread.of(under).median(),
            Spread.of(alone).median()));
  }

  private double mibPerSecond(Walk walk)
      throws RefusedException, IOException, InterruptedException {
    long begun = time.nanos();
    walk.run();
    return RANGES / ((time.nanos() - begun) / 1e9);
  }
}
