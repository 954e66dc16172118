package io.backstay.log;

import io.backstay.model.OnLogFull;
import java.time.Duration;
import java.util.Objects;

/**
 * How a volume's log is kept.
 *
 * @param tailBytes memory for the newest writes, whole blocks of 4 KiB from 128 KiB to 1 GiB (rule
 *     L2); a change holds from the next clean start on (rule L5). Below 16 MiB packs and records
 *     are smaller than they could be
 * @param checkpointInterval how often the data device is flushed: bounds what is redone
 * @param cutInterval how often a cut is made while there are writes, at least 1 s (rule M1)
 * @param cutBytes so much log has passed when a cut is made without anybody's wish, at least 64 KiB
 *     (rule M1)
 */
public record LogSettings(
    int tailBytes,
    Duration checkpointInterval,
    Duration cutInterval,
    OnLogFull onFull,
    long cutBytes) {
  public static final long CUT_BYTES = 32 << 20;
  private static final long CUT_BYTES_MIN = 64 << 10;
  public static final Duration CUT_INTERVAL = Duration.ofSeconds(5);
  public static final Duration CUT_INTERVAL_MIN = Duration.ofSeconds(1);
  public static final LogSettings DEFAULTS = new LogSettings(64 << 20, Duration.ofSeconds(10));

  private static final int TAIL_BYTES_MIN = 128 << 10;
  private static final int TAIL_BYTES_MAX = 1 << 30;

  public LogSettings {
    Objects.requireNonNull(checkpointInterval, "checkpointInterval");
    Objects.requireNonNull(onFull, "onFull");
    if (cutInterval.compareTo(CUT_INTERVAL_MIN) < 0)
      throw new IllegalArgumentException(
          "cut interval %s, at least %s".formatted(cutInterval, CUT_INTERVAL_MIN));
    if (cutBytes < CUT_BYTES_MIN || cutBytes % LogRing.BLOCK_BYTES != 0)
      throw new IllegalArgumentException("a cut each %d bytes of log".formatted(cutBytes));
    if (tailBytes % LogRing.BLOCK_BYTES != 0
        || tailBytes < TAIL_BYTES_MIN
        || tailBytes > TAIL_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a tail of %d bytes: whole blocks of %d from %d to %d are possible"
              .formatted(tailBytes, LogRing.BLOCK_BYTES, TAIL_BYTES_MIN, TAIL_BYTES_MAX));
    }
    if (!checkpointInterval.isPositive())
      throw new IllegalArgumentException("checkpoint interval " + checkpointInterval);
  }

  public LogSettings(
      int tailBytes, Duration checkpointInterval, Duration cutInterval, OnLogFull onFull) {
    this(tailBytes, checkpointInterval, cutInterval, onFull, CUT_BYTES);
  }

  public LogSettings(int tailBytes, Duration checkpointInterval) {
    this(tailBytes, checkpointInterval, CUT_INTERVAL, OnLogFull.OVERFLOW);
  }

  int tailBlocks() {
    return tailBytes / LogRing.BLOCK_BYTES;
  }

  long cutBlocks() {
    return cutBytes / LogRing.BLOCK_BYTES;
  }
}
