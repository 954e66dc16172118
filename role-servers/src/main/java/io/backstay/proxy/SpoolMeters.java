package io.backstay.proxy;

import io.backstay.seam.Time;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The metrics of a proxy's spools, one row for each volume and archive. */
final class SpoolMeters {
  private final ProxyVolumes volumes;
  private final Time time;
  private final MultiGauge pending;
  private final MultiGauge pendingBytes;
  private final MultiGauge lag;
  private final MultiGauge failing;
  private final MultiGauge putAside;

  SpoolMeters(ProxyVolumes volumes, Time time, MeterRegistry registry) {
    this.volumes = volumes;
    this.time = time;
    this.pending =
        MultiGauge.builder("backstay.wdiff.pending")
            .description("diffs that the archive is not known to have")
            .register(registry);
    this.pendingBytes =
        MultiGauge.builder("backstay.wdiff.pending.size")
            .description("bytes of the diffs that the archive is not known to have")
            .baseUnit("bytes")
            .register(registry);
    this.lag =
        MultiGauge.builder("backstay.wdiff.lag")
            .description("age of the oldest diff that the archive is not known to have; 0 for none")
            .baseUnit("seconds")
            .register(registry);
    this.failing =
        MultiGauge.builder("backstay.wdiff.failing")
            .description("since the first failure after the archive last took one; 0 while it does")
            .baseUnit("seconds")
            .register(registry);
    this.putAside =
        MultiGauge.builder("backstay.wdiff.put.aside")
            .description("diffs that no archive takes, for somebody to look at")
            .register(registry);
  }

  /** To be called every few seconds. */
  void refresh() {
    pending.register(rows(Reply.Delivery::diffs), true);
    pendingBytes.register(rows(Reply.Delivery::bytes), true);
    lag.register(rows(delivery -> secondsSince(delivery.oldest())), true);
    failing.register(rows(delivery -> secondsSince(delivery.failingSince())), true);
    putAside.register(
        volumes.all().stream()
            .map(volume ->
                MultiGauge.Row.of(Tags.of("volume", volume.name()), volume.spool().putAside()))
            .toList(),
        true);
  }

  /** Clocks of two nodes differ by a little, and nothing is younger than now. */
  private double secondsSince(Optional<Instant> since) {
    return since
        .map(then -> Math.max(0, Duration.between(then, time.now()).toMillis() / 1000.0))
        .orElse(0.0);
  }

  private List<MultiGauge.Row<?>> rows(ToDoubleFunction<Reply.Delivery> value) {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    for (OpenVolume volume : volumes.all()) {
      for (Reply.Delivery delivery : volume.facts().deliveries()) {
        Tags tags = Tags.of("volume", volume.name(), "archive", delivery.archive());
        rows.add(MultiGauge.Row.of(tags, delivery, value));
      }
    }
    return rows;
  }
}
