package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.wire.Cbor;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final long SECOND = 1_000_000_000L;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  private static Progress.Snapshot at(long done) {
    return new Progress.Snapshot("full-backup/vol0", "sending", done, 1000, Optional.empty());
  }

  private String written() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void withoutATerminalThereIsOneLineOfJsonEveryTenSeconds() throws Exception {
    Progress progress = new Progress(err, Progress.Device.FILE);
    for (int second = 0; second <= 25; second++) progress.show(at(second * 10L), second * SECOND);
    List<String> lines = written().lines().toList();
    assertThat(lines).hasSize(2);
    JsonNode line = Cbor.json().readTree(lines.getLast()).path("progress");
    assertThat(line.path("workflowId").asText()).isEqualTo("full-backup/vol0");
    assertThat(line.path("bytesDone").asLong()).isEqualTo(200);
    assertThat(line.path("bytesPerSecond").asLong()).isEqualTo(10);
    assertThat(line.path("etaSeconds").asLong()).isEqualTo(80);
  }

  @Test
  void onATerminalOneLineIsDrawnAgainAndAgain() {
    Progress progress = new Progress(err, Progress.Device.TERMINAL);
    progress.show(at(0), 0);
    progress.show(at(500), SECOND);
    progress.end();
    assertThat(written().split("\r")).hasSize(3);
    assertThat(written().split("\r")[2])
        .contains("[############------------]", " 50 %", "500 B/s", "ETA 1 s");
  }

  @Test
  void whatIsWaitedForTakesThePlaceOfTheBar() {
    Progress progress = new Progress(err, Progress.Device.TERMINAL);
    String cause = "a0 since 02:13:07Z: connection refused";
    progress.show(
        new Progress.Snapshot(
            "full-backup/vol0", "sending", 10, 1000, Optional.of(new WaitingFor(cause, "long"))),
        0);
    assertThat(written()).as("rule K4").contains("waiting for " + cause);
  }

  @Test
  void anotherStepBeginsItsOwnMeasurement() {
    Meter meter = new Meter();
    meter.observe(0, 0);
    meter.observe(SECOND, 1000);
    meter.observe(2 * SECOND, 0);
    assertThat(meter.bytesPerSecond()).isZero();
    assertThat(meter.remaining(1000)).isEmpty();
  }

  @Test
  void theRateIsThatOfTheLastSeconds() {
    Meter meter = new Meter();
    for (int second = 0; second <= 60; second++) meter.observe(second * SECOND, second * 1000L);
    for (int second = 61; second <= 90; second++) {
      meter.observe(second * SECOND, 60_000 + (second - 60) * 10L);
    }
    assertThat(meter.bytesPerSecond()).isEqualTo(10);
  }
}
