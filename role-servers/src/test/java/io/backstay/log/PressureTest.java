package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.twin.ManualTime;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MortalTime;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When the transfer of the log lets writes go first: in a burst, not because somebody writes. */
class PressureTest {
  private static final int TAIL_BYTES = 256 << 10;

  private final MemoryDisk disk = new MemoryDisk();
  private final ManualTime clock = new ManualTime(Instant.parse("2026-11-29T10:00:00Z"), 1);
  private final MortalTime time = new MortalTime(clock);

  @AfterEach
  void endItsThreads() {
    disk.processDeath();
    time.processDeath();
  }

  @Test
  void aQuarterOfTheTailThatIsNotDurableIsABurst() throws IOException {
    disk.addBlockDevice("/dev/log", 4 * TAIL_BYTES + 3 * 4096);
    disk.addBlockDevice("/dev/data", 1 << 20);
    VolumeParts parts =
        PartsOnDisk.of(disk, time, new LogSettings(TAIL_BYTES, Duration.ofMillis(50)));
    LoggedVolume.format(parts, 1 << 20);
    LoggedVolume volume = LoggedVolume.open(parts, false);
    Client client = new Client(volume);

    assertThat(client.write(0, new byte[4096], false)).isZero();
    assertThat(volume.isPressed()).as("by 4 KiB").isFalse();
    assertThat(client.write(0, new byte[TAIL_BYTES / 2], false)).isZero();
    assertThat(volume.isPressed()).as("by half of the tail").isTrue();
    clock.advance(Duration.ofMillis(49));
    assertThat(volume.isPressed()).as("49 ms later").isTrue();
    clock.advance(Duration.ofMillis(1));
    assertThat(volume.isPressed()).as("50 ms later").isFalse();
  }
}
