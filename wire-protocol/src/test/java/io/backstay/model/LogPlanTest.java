package io.backstay.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.wire.Cbor;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The interval of a volume's cuts (rule M1). */
class LogPlanTest {
  /** Rule K7. */
  @Test
  void aRecordOfAnEarlierReleaseMeansACutEveryFiveSeconds() throws Exception {
    String earlier =
        "{\"path\":\"/dev/l\",\"sizeBytes\":1024,\"tailBytes\":64,\"onFull\":\"block\"}";
    LogPlan plan = Cbor.json().readValue(earlier, LogPlan.class);
    assertThat(plan.cutInterval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(plan).isEqualTo(new LogPlan("/dev/l", 1024, 64, OnLogFull.BLOCK));
  }

  @Test
  void anIntervalOfItsOwnIsKept() throws Exception {
    LogPlan plan = new LogPlan("/dev/l", 1024, 64, OnLogFull.OVERFLOW, 60);
    assertThat(Cbor.read(Cbor.write(plan), LogPlan.class)).isEqualTo(plan);
  }

  @Test
  void nobodyMakesCutsMoreOftenThanOnceASecond() {
    assertThatThrownBy(() -> new LogPlan("/dev/l", 1024, 64, OnLogFull.OVERFLOW, 0))
        .hasMessageContaining("every 1 to 86400 s");
  }
}
