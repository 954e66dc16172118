package io.backstay.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackoffTest {
  @Test
  void eachEndInARowDoublesTheDelayUpToALimit() {
    Backoff backoff = new Backoff();
    List<Long> delays = new ArrayList<>();
    for (int i = 0; i < 8; i++) delays.add(backoff.ended(Duration.ofMillis(100)).toSeconds());
    assertThat(delays).as("rule K8").containsExactly(1L, 2L, 4L, 8L, 16L, 30L, 30L, 30L);
  }

  @Test
  void aProcessThatWasWellIsStartedAgainAfterASecond() {
    Backoff backoff = new Backoff();
    for (int i = 0; i < 5; i++) backoff.ended(Duration.ZERO);
    assertThat(backoff.ended(Backoff.WELL)).isEqualTo(Backoff.FIRST);
  }
}
