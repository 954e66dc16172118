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
 * @param clients what they ask for
 * @param ringBytes of the log device
 */
record Circumstances(
    int sectors,
    int tailBytesMax,
    double yields,
    Asking clients,
    long ringBytes,
    OnLogFull onFull,
    Duration cutInterval,
    long cutBytes,
    Following following) {
  private static final int TAIL_BYTES_MIN = 128 << 10;

  /** What a lost future fits to that is alike. */
  enum Asking {
    ANYTHING,

    /** Writes of one block, many at once: packs are alike, too. */
    ALIKE,

    /**
     * One client that flushes after each write of a block or two: packs are single records that are
     * written before the flush is asked for, so the loss of one and not of that behind it is
     * common, and what comes next fits exactly into its place (rule L5).
     */
    ALONE
  }

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
        asking(random.nextInt(9)),
        4L * tail + 4096L * random.nextInt(100),
        onFull,
        Duration.ofMillis(1000 + random.nextInt(8000)),
        64L << 10 + random.nextInt(5),
        Following.values()[following]);
  }

  private static Asking asking(int choice) {
    if (choice < 2) return Asking.ALONE;
    return choice < 5 ? Asking.ALIKE : Asking.ANYTHING;
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
