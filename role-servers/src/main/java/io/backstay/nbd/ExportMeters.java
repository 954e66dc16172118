package io.backstay.nbd;

import io.backstay.seam.Time;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What the requests to one export come to: how many of each kind, how long they took, what they
 * moved, what went wrong. For the event loop of the export alone, but for what the registry reads.
 *
 * <p>There are 100,000 requests and more in a second, so nothing is looked up, made or locked for
 * one of them, and the clock is read for a batch and not for a request: what came with one read of
 * the socket came at the same time, and its answers leave together.
 */
final class ExportMeters {
  /** What a request does, as the metrics tell it. */
  enum Kind {
    READ,
    WRITE,
    FLUSH,
    TRIM,
    ZEROES,
    /** Questions for extents, and reads ahead. */
    OTHER;

    private static final Kind[] ALL = values();

    static Kind of(int command) {
      return switch (command) {
        case Protocol.READ -> READ;
        case Protocol.WRITE -> WRITE;
        case Protocol.FLUSH -> FLUSH;
        case Protocol.TRIM -> TRIM;
        case Protocol.WRITE_ZEROES -> ZEROES;
        default -> OTHER;
      };
    }

    boolean movesBytes() {
      return this != FLUSH && this != OTHER;
    }
  }

  /** Upper ends of the histogram's buckets. */
  private static final Duration[] BUCKETS = {
    Duration.ofNanos(50_000),
    Duration.ofNanos(100_000),
    Duration.ofNanos(250_000),
    Duration.ofNanos(500_000),
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(100),
    Duration.ofSeconds(1),
    Duration.ofSeconds(10),
  };

  private final Time time;
  private final MeterRegistry registry;
  private final List<Meter> registered = new ArrayList<>();
  private final Timer[] requests = new Timer[Kind.ALL.length];
  private final Counter[] errors = new Counter[Kind.ALL.length];
  private final Counter refused;

  /** By kind; only the event loop adds. */
  private final AtomicLongArray bytes = new AtomicLongArray(Kind.ALL.length);

  private volatile int connections;

  /** Requests of this batch by kind that were answered at once, and when the first came. */
  private final int[] atOnce = new int[Kind.ALL.length];

  private int batch;
  private long batchNanos;
  private long nowNanos;

  ExportMeters(String volume, MeterRegistry registry, Time time) {
    this.registry = registry;
    this.time = time;
    Tags tags = Tags.of("volume", volume);
    for (Kind kind : Kind.ALL)
      measure(kind, tags.and("kind", kind.name().toLowerCase(Locale.ROOT)));
    refused =
        registered(
            Counter.builder("backstay.nbd.refused")
                .description("requests that the volume never saw: malformed, misaligned, outside")
                .tags(tags)
                .register(registry));
    registered(
        Gauge.builder("backstay.nbd.connections", this, meters -> meters.connections)
            .description("connections that use the volume")
            .tags(tags)
            .register(registry));
  }

  private void measure(Kind kind, Tags tags) {
    int row = kind.ordinal();
    requests[row] =
        registered(
            Timer.builder("backstay.nbd.requests")
                .description("requests to the volume, from the whole request to its answer")
                .serviceLevelObjectives(BUCKETS)
                .tags(tags)
                .register(registry));
    errors[row] =
        registered(
            Counter.builder("backstay.nbd.errors")
                .description("requests that the volume could not carry out")
                .tags(tags)
                .register(registry));
    if (!kind.movesBytes()) return;
    registered(
        FunctionCounter.builder("backstay.nbd.transferred", bytes, all -> all.get(row))
            .description("bytes that were read, written, trimmed or zeroed")
            .baseUnit("bytes")
            .tags(tags)
            .register(registry));
  }

  private <M extends Meter> M registered(M meter) {
    registered.add(meter);
    return meter;
  }

  /** The export is served no more. */
  void unregister() {
    registered.forEach(registry::remove);
  }

  void connected(int now) {
    connections = now;
  }

  // ---- a request's way

  /** Something was read of a socket, or answers have come: it is now. */
  void lookAtClock() {
    nowNanos = time.nanos();
  }

  void asked(Request request) {
    request.askedNanos = nowNanos;
  }

  void refused() {
    refused.increment();
  }

  /** Its answer leaves with the batch. */
  void answeredAtOnce(Request request, int error) {
    Kind kind = Kind.of(request.command);
    if (batch++ == 0) batchNanos = request.askedNanos;
    atOnce[kind.ordinal()]++;
    outcome(kind, request, error);
  }

  /** Its answer came from elsewhere and leaves now. */
  void answeredLate(Request request) {
    Kind kind = Kind.of(request.command);
    requests[kind.ordinal()].record(nowNanos - request.askedNanos, TimeUnit.NANOSECONDS);
    outcome(kind, request, request.error);
  }

  private void outcome(Kind kind, Request request, int error) {
    int row = kind.ordinal();
    if (error != Export.DONE) errors[row].increment();
    else if (kind.movesBytes()) bytes.lazySet(row, bytes.getPlain(row) + request.lengthBytes);
  }

  /** The end of a batch: what was answered at once leaves. */
  void batchOver() {
    if (batch == 0) return;
    batch = 0;
    lookAtClock();
    long nanos = nowNanos - batchNanos;
    for (int row = 0; row < atOnce.length; row++) {
      for (int left = atOnce[row]; left > 0; left--) {
        requests[row].record(nanos, TimeUnit.NANOSECONDS);
      }
      atOnce[row] = 0;
    }
  }
}
