package io.backstay.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.Time;
import io.backstay.twin.ManualTime;
import io.backstay.wire.Reply;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a storage measures of the way of its volumes' logs. */
class LogMetersTest {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Time time = new ManualTime(Instant.parse("2026-11-21T03:00:00Z"), 1);
  private final LogMeters meters = new LogMeters(registry, time);

  private static Reply.LogFacts log(Reply.ShippingFacts shipping) {
    return new Reply.LogFacts(
        "nbd+unix:///v",
        1,
        2,
        3,
        4,
        5,
        Optional.empty(),
        1,
        true,
        Optional.empty(),
        0,
        Optional.empty(),
        Optional.ofNullable(shipping));
  }

  private static Reply.ShippingFacts unsent(long bytes, Optional<Instant> failingSince) {
    return new Reply.ShippingFacts(
        Optional.empty(), bytes, 2 * bytes, Optional.empty(), failingSince, Optional.empty());
  }

  private List<String> lines() {
    return registry.scrape().lines().filter(line -> line.startsWith("backstay_wlog")).toList();
  }

  @Test
  void whatNoProxyHasAndForHowLongNoneTookItIsMeasured() {
    meters.show(Map.of("v", log(unsent(4096, Optional.of(time.now().minusSeconds(90))))));
    assertThat(lines())
        .containsExactlyInAnyOrder(
            "backstay_wlog_unsent_bytes{volume=\"v\"} 4096.0",
            "backstay_wlog_unarchived_bytes{volume=\"v\"} 8192.0",
            "backstay_wlog_failing_seconds{volume=\"v\"} 90.0");
  }

  /** Zero would say that everything is sent. */
  @Test
  void aLogThatIsKeptForNobodyHasNoWayToMeasure() {
    meters.show(Map.of("v", log(null)));
    assertThat(lines()).isEmpty();
    assertThat(registry.scrape()).contains("backstay_log_used_bytes{volume=\"v\"} 1.0");
  }
}
