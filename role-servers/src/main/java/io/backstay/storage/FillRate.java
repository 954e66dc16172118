package io.backstay.storage;

/**
 * How fast a log grows, smoothed over about a minute. Asked by one thread, read by any.
 *
 * <p>Each sample moves the rate towards what was seen since the one before, the more the longer ago
 * that was: a rate that was seen for a minute counts for two thirds.
 */
final class FillRate {
  private static final double SMOOTH_SECONDS = 60;

  private long lastBytes;
  private long lastNanos;
  private boolean begun;
  private volatile double bytesPerSecond;

  /**
   * @param bytes that were ever appended to the log
   * @param nanos of a monotonic clock
   */
  void sample(long bytes, long nanos) {
    double seconds = (nanos - lastNanos) / 1e9;
    if (begun && seconds <= 0) return;
    if (begun) {
      double seen = (bytes - lastBytes) / seconds;
      double known = bytesPerSecond;
      bytesPerSecond = known + (seen - known) * (1 - Math.exp(-seconds / SMOOTH_SECONDS));
    }
    begun = true;
    lastBytes = bytes;
    lastNanos = nanos;
  }

  long bytesPerSecond() {
    return Math.round(bytesPerSecond);
  }
}
