package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.worker.RunDescription;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class WaitingForTest {
  private static final Instant NOW = Instant.parse("2026-11-21T02:20:00Z");
  private static final String REFUSED =
      "a0 cannot be reached: cannot connect to 127.0.0.1:30007: finishConnect(..) failed with"
          + " error(-111): Connection refused: /127.0.0.1:30007";
  private static final String TOLD_BY_TEMPORAL =
      REFUSED + "; attempted: Start at a0; next: it is tried again until the server is back";

  @Test
  void aServerThatIsAwayIsNamedWithMomentAndCause() {
    WaitingFor waiting = WaitingFor.of("since 2026-11-21T02:13:07Z: " + REFUSED, NOW);
    assertThat(waiting.text()).as("rule K4").isEqualTo("a0 since 02:13:07Z: connection refused");
    assertThat(waiting.cause()).isEqualTo(REFUSED);
  }

  @Test
  void aMomentThatIsLongAgoHasItsDate() {
    WaitingFor waiting = WaitingFor.of("since 2026-11-20T02:13:07Z: " + REFUSED, NOW);
    assertThat(waiting.text()).isEqualTo("a0 since 2026-11-20T02:13:07Z: connection refused");
  }

  @Test
  void anotherCauseIsToldAsItIs() {
    assertThat(WaitingFor.of("since 2026-11-21T02:13:07Z: no space\n  at a0", NOW).text())
        .isEqualTo("the server since 02:13:07Z: no space at a0");
    assertThat(WaitingFor.of("something else", NOW).text()).isEqualTo("something else");
    assertThat(WaitingFor.answerOf("c0", "c0 cannot be reached: cannot connect to h:1: no route"))
        .extracting(WaitingFor::text)
        .isEqualTo("c0: no route");
  }

  @Test
  void anActivityThatFailedIsToldWithItsAttempt() {
    Instant since = Instant.parse("2026-11-21T02:13:07.5Z");
    assertThat(
            WaitingFor.of(
                new RunDescription.Waiting("StartOperation", 12, since, TOLD_BY_TEMPORAL), NOW))
        .extracting(WaitingFor::text)
        .isEqualTo("a0 since 02:13:07Z: connection refused (attempt 12)");
    assertThat(WaitingFor.of(new RunDescription.Waiting("Reserve", 2, since, "no answer"), NOW))
        .extracting(WaitingFor::text)
        .isEqualTo("Reserve since 02:13:07Z: no answer (attempt 2)");
  }
}
