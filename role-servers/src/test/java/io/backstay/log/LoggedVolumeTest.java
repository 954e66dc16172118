package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MortalTime;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A logged volume over a disk in memory: what comes back after what. */
class LoggedVolumeTest {
  private static final int BYTES = 1 << 20;
  private static final int TAIL_BYTES = 256 << 10;

  private final MemoryDisk disk = new MemoryDisk();
  private final MortalTime time = new MortalTime();
  private final byte[] model = new byte[BYTES];
  private Random random = new Random(1);
  private LoggedVolume volume;
  private Client client;

  @AfterEach
  void endItsThreads() {
    disk.processDeath();
    time.processDeath();
  }

  @BeforeEach
  void begin() throws IOException {
    disk.addBlockDevice("/dev/log", 4 * TAIL_BYTES + 3 * 4096 + 7 * 4096);
    disk.addBlockDevice("/dev/data", BYTES);
    LoggedVolume.format(parts(), BYTES);
    open();
  }

  private VolumeParts parts() {
    return PartsOnDisk.of(disk, time, new LogSettings(TAIL_BYTES, Duration.ofMillis(50)));
  }

  private void open() throws IOException {
    volume = LoggedVolume.open(parts(), false);
    client = new Client(volume);
  }

  private void write(long offset, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    assertThat(client.write(offset, bytes, false)).isZero();
    System.arraycopy(bytes, 0, model, (int) offset, length);
  }

  private void change() {
    int sector = 512;
    int offset = random.nextInt(BYTES / sector - 1) * sector;
    int most = (BYTES - offset) / sector;
    int length = (1 + random.nextInt(Math.min(most, random.nextInt(8) == 0 ? 200 : 16))) * sector;
    switch (random.nextInt(8)) {
      case 0 -> {
        assertThat(client.trim(offset, length, false)).isZero();
        Arrays.fill(model, offset, offset + length, (byte) 0);
      }
      case 1 -> {
        assertThat(client.zeroes(offset, length, random.nextBoolean())).isZero();
        Arrays.fill(model, offset, offset + length, (byte) 0);
      }
      case 2 -> assertThat(client.flush()).isZero();
      default -> write(offset, length);
    }
  }

  private void assertContent() {
    for (int at = 0; at < BYTES; at += 64 << 10) {
      byte[] expected = Arrays.copyOfRange(model, at, at + (64 << 10));
      assertThat(Arrays.mismatch(client.read(at, 64 << 10), expected))
          .as("first wrong byte of the range at %d", at)
          .isEqualTo(-1);
    }
  }

  @Test
  void whatWasWrittenIsReadWhereverItIsByThen() {
    for (int i = 0; i < 2000; i++) {
      change();
      if (i % 100 == 0) assertContent();
    }
    assertContent();
  }

  @Test
  void afterACleanStopEverythingIsOnTheDataDevice() throws Exception {
    for (int i = 0; i < 300; i++) change();
    volume.stop();
    assertThat(disk.sharedMemories().open("vol0")).isEmpty();
    disk.powerLoss(random);
    open();
    assertContent();
    volume.stop();
  }

  /** Rules L1 and L2, invariant 1: acknowledged is enough, whatever the process died of. */
  @Test
  void aDeadProcessLosesNothingThatWasAcknowledged() throws IOException {
    for (int life = 0; life < 20; life++) {
      for (int i = random.nextInt(60); i >= 0; i--) change();
      disk.processDeath();
      open();
      assertContent();
    }
  }

  /** Rules L3 to L5, invariant 1: what was flushed survives the power. */
  @Test
  void aLossOfPowerLosesNothingThatWasFlushed() throws IOException {
    for (int life = 0; life < 20; life++) {
      for (int i = random.nextInt(60); i >= 0; i--) change();
      assertThat(client.flush()).isZero();
      disk.powerLoss(random);
      open();
      assertContent();
    }
  }

  /** Rule L2. */
  @Test
  void withoutItsTailAVolumeIsServedOnlyAfterTheLossWasAccepted() throws IOException {
    write(0, 4096);
    assertThat(client.flush()).isZero();
    disk.processDeath();
    String tail = Opening.states(parts()).load().orElseThrow().tail();
    disk.sharedMemories().delete(tail);
    assertThatThrownBy(this::open)
        .isInstanceOf(TailMissingException.class)
        .hasMessageContaining("accept-loss vol0");
    volume = LoggedVolume.open(parts(), true);
    client = new Client(volume);
    assertContent();
  }

  /** Rule L3. */
  @Test
  void afterAFailedFlushOfTheLogNothingIsAcknowledgedAndTheNextProcessWritesItAgain()
      throws IOException {
    write(4096, 8192);
    assertThat(client.flush()).isZero();
    write(65536, 4096);
    disk.failNextFlush("/dev/log");
    assertThat(client.flush()).as("EIO").isEqualTo(5);
    assertThat(client.write(0, new byte[512], false)).as("EIO").isEqualTo(5);
    assertThat(client.flush()).as("not retried into success").isEqualTo(5);
    disk.processDeath();
    open();
    assertContent();
    assertThat(client.flush()).isZero();
    disk.powerLoss(random);
    open();
    assertContent();
  }

  /** Rule L4. */
  @Test
  void afterAFailedFlushOfTheDataDeviceTheLogIsAppliedAgain() throws Exception {
    for (int i = 0; i < 50; i++) change();
    assertThat(client.flush()).isZero();
    disk.failNextFlush("/dev/data");
    while (volume.failure().isEmpty()) Thread.onSpinWait();
    disk.processDeath();
    open();
    assertContent();
    volume.stop();
    disk.powerLoss(random);
    open();
    assertContent();
  }

  /** Rule L4: stopping flushed once more, and took that for the success of what had failed. */
  @Test
  void aStopAfterAFailedFlushOfTheDataDeviceVouchesForNothing() throws Exception {
    for (int life = 0; life < 10; life++) {
      for (int i = 0; i < 20; i++) change();
      assertThat(client.flush()).isZero();
      disk.failNextFlush("/dev/data");
      while (volume.failure().isEmpty()) Thread.onSpinWait();
      assertThatThrownBy(volume::stop).isInstanceOf(IOException.class);
      disk.processDeath();
      disk.powerLoss(random);
      open();
      assertContent();
    }
  }

  /** Rule L3: the next start found the same bytes in the cache, and flushed them into success. */
  @Test
  void aFlushOfTheLogThatFailsWhileAVolumeOpensIsNotForgottenByTheNextStart() throws IOException {
    for (int life = 0; life < 20; life++) {
      write(0, 4096);
      disk.processDeath();
      disk.failNextFlush("/dev/log");
      assertThatThrownBy(this::open).isInstanceOf(IOException.class);
      disk.processDeath();
      open();
      assertThat(client.flush()).isZero();
      disk.powerLoss(random);
      open();
      assertContent();
    }
  }
}
