package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Files copied by dd with direct IO and made durable: what the disk takes for bytes that nobody
 * looks at.
 */
final class DirectCopy {
  private final Workplace place;
  private final Meter meter;
  private final Path target;

  /**
   * @param target is overwritten by each file, and deleted in the end
   */
  DirectCopy(Workplace place, Meter meter, Path target) {
    this.place = place;
    this.meter = meter;
    this.target = target;
  }

  /** Seconds that dd was at work, for one file after the other. */
  double seconds(List<Path> sources) throws BenchException, IOException, InterruptedException {
    place.settle(meter, sources);
    double seconds = 0;
    for (Path source : sources) {
      Workplace.delete(target);
      seconds += meter.run("dd", command(source), Map.of()).reading().wallSeconds();
    }
    Workplace.delete(target);
    return seconds;
  }

  private List<String> command(Path source) {
    return List.of(
        "dd",
        "if=" + source,
        "of=" + target,
        "bs=1M",
        "iflag=direct",
        "oflag=direct",
        "conv=fsync",
        "status=none");
  }
}
