package io.backstay.storage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FillRateTest {
  private static final long SECOND = 1_000_000_000;

  private final FillRate rate = new FillRate();
  private long nanos = 77 * SECOND;
  private long bytes = 1L << 40;

  private void run(int seconds, long bytesPerSecond) {
    for (int i = 0; i < seconds; i += 5) {
      rate.sample(bytes, nanos);
      nanos += 5 * SECOND;
      bytes += 5 * bytesPerSecond;
    }
    rate.sample(bytes, nanos);
  }

  @Test
  void aSteadyGrowthIsFoundAndForgottenWithinMinutes() {
    assertThat(rate.bytesPerSecond()).isZero();
    run(5, 0);
    assertThat(rate.bytesPerSecond()).as("what was there before is no growth").isZero();
    run(60, 1000);
    assertThat(rate.bytesPerSecond()).isBetween(600L, 660L);
    run(600, 1000);
    assertThat(rate.bytesPerSecond()).isBetween(999L, 1000L);
    run(600, 0);
    assertThat(rate.bytesPerSecond()).isZero();
  }

  @Test
  void aBurstCountsForItsPartOfAMinute() {
    run(300, 0);
    run(5, 12_000);
    assertThat(rate.bytesPerSecond()).isBetween(900L, 1000L);
  }

  @Test
  void twoSamplesAtOnceChangeNothing() {
    run(60, 1000);
    long before = rate.bytesPerSecond();
    rate.sample(bytes + 1_000_000, nanos);
    assertThat(rate.bytesPerSecond()).isEqualTo(before);
  }
}
