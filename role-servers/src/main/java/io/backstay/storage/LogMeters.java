package io.backstay.storage;

import io.backstay.wire.Reply.LogFacts;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The metrics of the logs of a storage's volumes, one row for each volume that is served. */
final class LogMeters {
  private final LoggedVolumes volumes;
  private final Map<MultiGauge, ToDoubleFunction<LogFacts>> gauges = new LinkedHashMap<>();

  LogMeters(LoggedVolumes volumes, MeterRegistry registry) {
    this.volumes = volumes;
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

  /** Looks at all volumes; to be called every few seconds. */
  void refresh() {
    volumes.sample();
    Map<String, LogFacts> facts = volumes.allFacts();
    gauges.forEach((gauge, value) ->
        gauge.register(
            facts.entrySet().stream()
                .map(one ->
                    MultiGauge.Row.of(
                        Tags.of("volume", one.getKey()), value.applyAsDouble(one.getValue())))
                .toList(),
            true));
  }
}
