package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.group.Lapse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
  private static final ZoneId TOKYO = ZoneId.of("Asia/Tokyo");
  private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "2026-11-21T08:00:00Z,2026-11-21T08:00:00Z",
    "2026-11-21T17:00+09:00,2026-11-21T08:00:00Z",
    "2026-11-21 17:00,2026-11-21T08:00:00Z",
    "2026-11-21T17:00:01,2026-11-21T08:00:01Z",
    "2026-11-21,2026-11-20T15:00:00Z",
    "now,2026-11-21T08:00:00Z"
  })
  void aMomentMayBeWrittenInManyWays(String text, Instant moment) {
    assertThat(Quantity.moment(text, TOKYO, NOW)).isEqualTo(moment);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yesterday", "2026-13-01", "8:00", "2026-11-21T25:00"})
  void whatIsNoMomentIsRefusedWithAnExample(String text) {
    assertThatThrownBy(() -> Quantity.moment(text, TOKYO, NOW))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2026-11-21T08:00:00Z");
  }

  @ParameterizedTest
  @CsvSource({"0,0 B", "1023,1023 B", "1024,1.0 KiB", "268435456,256.0 MiB", "1610612736,1.5 GiB"})
  void bytesAreShownInBinaryUnits(long bytes, String shown) {
    assertThat(Quantity.bytes(bytes)).isEqualTo(shown);
  }

  @Test
  void durationsAreShownInTheirTwoLargestUnits() {
    assertThat(Lapse.text(Duration.ofSeconds(7))).isEqualTo("7 s");
    assertThat(Lapse.text(Duration.ofSeconds(125))).isEqualTo("2 min 5 s");
    assertThat(Lapse.text(Duration.ofMinutes(200))).isEqualTo("3 h 20 min");
    assertThat(Lapse.text(Duration.ofHours(98))).isEqualTo("4 d 2 h");
  }
}
