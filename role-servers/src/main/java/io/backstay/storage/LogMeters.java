package io.backstay.storage;

import io.backstay.seam.Time;
import io.backstay.wire.Reply.LogFacts;
import io.backstay.wire.Reply.ShippingFacts;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * The metrics of the logs of a storage's volumes, one row for each volume that is served; of the
 * way to the proxies only where the log is kept for an archive.
 */
final class LogMeters {
  private final Map<MultiGauge, ToDoubleFunction<LogFacts>> gauges = new LinkedHashMap<>();
  private final Map<MultiGauge, ToDoubleFunction<ShippingFacts>> ways = new LinkedHashMap<>();
  private final Time time;

  LogMeters(MeterRegistry registry, Time time) {
    this.time = time;
    gauge(registry, "used", "bytes", "log that is not released", LogFacts::usedBytes);
    gauge(registry, "capacity", "bytes", "most that the log may hold", LogFacts::capacityBytes);
    gauge(registry, "fill.rate", "bytes", "growth per second, smoothed", LogFacts::bytesPerSecond);
    gauge(
        registry,
        "not.durable",
        "bytes",
        "end of the log that a loss of power would lose",
        LogFacts::notDurableBytes);
    gauge(
        registry,
        "not.written",
        "bytes",
        "end of the log that is not known to be on the data device",
        LogFacts::notWrittenBytes);
    gauge(
        registry,
        "time.to.full",
        "seconds",
        "when the log is full if nothing is released; infinite where it does not fill",
        facts -> facts.secondsToFull().map(Long::doubleValue).orElse(Double.POSITIVE_INFINITY));
    gauge(registry, "cuts", null, "cuts that are kept", LogFacts::cuts);
    gauge(
        registry,
        "protected",
        null,
        "1 while log is kept for an archive",
        facts -> facts.protectedNow() ? 1 : 0);
    gauge(
        registry,
        "given.up",
        null,
        "1 after the log was full, until the volume is reset",
        facts -> facts.givenUp().isPresent() ? 1 : 0);
    way(registry, "unsent", "bytes", "durable log that no proxy has", ShippingFacts::unsentBytes);
    way(
        registry,
        "unarchived",
        "bytes",
        "durable log that is not known to be in all archives",
        ShippingFacts::unarchivedBytes);
    way(
        registry,
        "lag",
        "seconds",
        "age of the first write that no proxy has; 0 where they have all, none where nobody knows",
        this::lagSeconds);
    way(
        registry,
        "failing",
        "seconds",
        "for how long no proxy has taken the log; 0 while one does",
        facts -> facts.failingSince().map(this::secondsSince).orElse(0.0));
  }

  private double lagSeconds(ShippingFacts facts) {
    return facts.unsentBytes() == 0
        ? 0
        : facts.oldestUnsent().map(this::secondsSince).orElse(Double.NaN);
  }

  private double secondsSince(Instant since) {
    return Math.max(0, Duration.between(since, time.now()).toMillis() / 1000.0);
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String unit,
      String description,
      ToDoubleFunction<LogFacts> value) {
    gauges.put(
        MultiGauge.builder("backstay.log." + name)
            .description(description)
            .baseUnit(unit)
            .register(registry),
        value);
  }

  private void way(
      MeterRegistry registry,
      String name,
      String unit,
      String description,
      ToDoubleFunction<ShippingFacts> value) {
    ways.put(
        MultiGauge.builder("backstay.wlog." + name)
            .description(description)
            .baseUnit(unit)
            .register(registry),
        value);
  }

  /**
   * @param facts of all volumes that are served now, by name; to be given every few seconds
   */
  void show(Map<String, LogFacts> facts) {
    gauges.forEach((gauge, value) -> gauge.register(rows(facts, value), true));
    Map<String, ShippingFacts> sending = new TreeMap<>();
    facts.forEach((volume, its) -> its.shipping().ifPresent(way -> sending.put(volume, way)));
    ways.forEach((gauge, value) -> gauge.register(rows(sending, value), true));
  }

  private static <T> List<MultiGauge.Row<?>> rows(Map<String, T> all, ToDoubleFunction<T> value) {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    all.forEach(
        (volume, its) -> rows.add(MultiGauge.Row.of(Tags.of("volume", volume), its, value)));
    return rows;
  }
}
