package io.backstay.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.twin.ManualTime;
import io.backstay.wire.Reply;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a storage measures of the way of its volumes' logs. */
class LogMetersTest {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ManualTime time = new ManualTime(Instant.parse("2026-11-21T03:00:00Z"), 1);
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

  private static Reply.ShippingFacts unsent(
      long bytes, Optional<Instant> failingSince, Optional<Instant> oldest) {
    return new Reply.ShippingFacts(
        Optional.empty(),
        bytes,
        2 * bytes,
        Optional.empty(),
        failingSince,
        Optional.empty(),
        oldest,
        Optional.empty());
  }

  private List<String> lines() {
    return registry.scrape().lines().filter(line -> line.startsWith("backstay_wlog")).toList();
  }

  @Test
  void whatNoProxyHasAndForHowLongNoneTookItIsMeasured() {
    Instant failing = time.now().minusSeconds(90);
    Instant oldest = time.now().minusSeconds(120);
    meters.show(Map.of("v", log(unsent(4096, Optional.of(failing), Optional.of(oldest)))));
    assertThat(lines())
        .containsExactlyInAnyOrder(
            "backstay_wlog_unsent_bytes{volume=\"v\"} 4096.0",
            "backstay_wlog_unarchived_bytes{volume=\"v\"} 8192.0",
            "backstay_wlog_lag_seconds{volume=\"v\"} 120.0",
            "backstay_wlog_failing_seconds{volume=\"v\"} 90.0");
  }

  /** Zero would say that everything is sent. */
  @Test
  void aLogThatIsKeptForNobodyHasNoWayToMeasure() {
    meters.show(Map.of("v", log(null)));
    assertThat(lines()).isEmpty();
    assertThat(registry.scrape()).contains("backstay_log_used_bytes{volume=\"v\"} 1.0");
  }

  /**
   * The clock is read when somebody looks: an alarm must not depend on what refreshes the facts.
   */
  @Test
  void whatGetsOlderDoesSoBetweenTwoLooks() {
    meters.show(Map.of("v", log(unsent(4096, Optional.empty(), Optional.of(time.now())))));
    time.advance(Duration.ofSeconds(30));
    assertThat(lines()).contains("backstay_wlog_lag_seconds{volume=\"v\"} 30.0");
  }

  @Test
  void aLogThatIsAllSentIsNotBehindAndOneOfWhichNobodyKnowsHasNoNumber() {
    meters.show(
        Map.of(
            "all", log(unsent(0, Optional.empty(), Optional.empty())),
            "old", log(unsent(1, Optional.empty(), Optional.empty()))));
    assertThat(lines())
        .contains(
            "backstay_wlog_lag_seconds{volume=\"all\"} 0.0",
            "backstay_wlog_lag_seconds{volume=\"old\"} NaN");
  }
}
