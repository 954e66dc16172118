package io.backstay.cli;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** How fast something goes and when it will be done, from what was seen in the last seconds. */
final class Meter {
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private record Seen(long nanos, long done) {}

  private final Deque<Seen> seen = new ArrayDeque<>();

  /** At most one observation per call is kept, and only those of the window. */
  void observe(long nanos, long done) {
    if (!seen.isEmpty() && done < seen.getLast().done()) seen.clear(); // another step began
    seen.addLast(new Seen(nanos, done));
    while (seen.size() > 2 && nanos - seen.getFirst().nanos() > WINDOW.toNanos()) {
      seen.removeFirst();
    }
  }

  /** 0 as long as there is no telling. */
  double bytesPerSecond() {
    if (seen.size() < 2) return 0;
    long nanos = seen.getLast().nanos() - seen.getFirst().nanos();
    return nanos <= 0 ? 0 : (seen.getLast().done() - seen.getFirst().done()) * 1e9 / nanos;
  }

  /** Empty as long as nothing moves. */
  Optional<Duration> remaining(long total) {
    double rate = bytesPerSecond();
    if (rate < 1) return Optional.empty();
    return Optional.of(Duration.ofMillis((long) ((total - seen.getLast().done()) * 1000 / rate)));
  }
}
