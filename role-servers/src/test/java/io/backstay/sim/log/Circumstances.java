package io.backstay.sim.log;

import io.backstay.log.LogSettings;
import io.backstay.model.OnLogFull;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * What a world is like.
 *
 * @param sectors of the volume
 * @param yields how often a thread lets others go first before an operation
 * @param uniform all requests are alike, so that packs are, too: what is lost fits to what comes
 *     after it
 * @param ringBytes of the log device
 */
record Circumstances(
    int sectors,
    int tailBytesMax,
    double yields,
    boolean uniform,
    long ringBytes,
    OnLogFull onFull,
    Duration cutInterval,
    long cutBytes,
    Following following) {
  private static final int TAIL_BYTES_MIN = 128 << 10;

  /** How soon an archive reads what was cut, and lets the log go. */
  enum Following {
    NEVER,
    SELDOM,
    OFTEN
  }

  static Circumstances random(RandomGenerator random) {
    int tail = TAIL_BYTES_MIN << random.nextInt(3);
    OnLogFull onFull = random.nextBoolean() ? OnLogFull.OVERFLOW : OnLogFull.BLOCK;
    // Where nobody lets the log go and writers wait for that, they wait for ever.
    int following = onFull == OnLogFull.BLOCK ? 1 + random.nextInt(2) : random.nextInt(3);
    return new Circumstances(
        8 * (64 + random.nextInt(192)),
        tail,
        random.nextInt(3) * 0.15,
        random.nextInt(3) == 0,
        4L * tail + 4096L * random.nextInt(100),
        onFull,
        Duration.ofMillis(1000 + random.nextInt(8000)),
        64L << 10 + random.nextInt(5),
        Following.values()[following]);
  }

  /** Those of one life; tail and checkpoints change from one to the next. */
  LogSettings settings(RandomGenerator random) {
    int tail = random.nextBoolean() ? tailBytesMax : TAIL_BYTES_MIN;
    Duration checkpoints = Duration.ofMillis(1L << random.nextInt(4, 15));
    return new LogSettings(tail, checkpoints, cutInterval, onFull, cutBytes);
  }

  /** For a volume that is made. */
  LogSettings atFirst() {
    return new LogSettings(tailBytesMax, Duration.ofSeconds(1), cutInterval, onFull, cutBytes);
  }

  /** Most log between two cuts, in blocks: the pack with which there is enough is below the cut. */
  long blocksBetweenCuts() {
    return cutBytes / 4096 + tailBytesMax / 4096 / 4 + 1;
  }
}
