package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Cut;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MortalTime;
import io.backstay.twin.ProcessDiedError;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A logged volume over a file in memory grows while it is served (rule L9). */
class GrowthTest {
  private static final int BYTES = 1 << 20;
  private static final int TAIL_BYTES = 256 << 10;

  private final MemoryDisk disk = new MemoryDisk();
  private final MortalTime time = new MortalTime();
  private final Random random = new Random(9);
  private byte[] model = new byte[BYTES];
  private String data = "/data/file";
  private LoggedVolume volume;
  private Client client;

  @AfterEach
  void endItsThreads() {
    disk.processDeath();
    time.processDeath();
  }

  @BeforeEach
  void begin() throws IOException {
    disk.addBlockDevice("/dev/log", 4 * TAIL_BYTES + 10 * 4096);
    disk.directory("/data").sync();
    disk.devices().create(data, BYTES).close();
    LoggedVolume.format(parts(), BYTES);
    open();
  }

  private VolumeParts parts() {
    return PartsOnDisk.of(disk, time, new LogSettings(TAIL_BYTES, Duration.ofMillis(50)), data);
  }

  private void open() throws IOException {
    volume = LoggedVolume.open(parts(), false);
    client = new Client(volume);
    model = Arrays.copyOf(model, (int) volume.sizeBytes());
  }

  private void write(int offset, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    assertThat(client.write(offset, bytes, false)).isZero();
    System.arraycopy(bytes, 0, model, offset, length);
  }

  private void writeAnywhere() {
    write(random.nextInt(model.length / 512 - 8) * 512, (1 + random.nextInt(8)) * 512);
  }

  private void assertContent() {
    for (int at = 0; at < model.length; at += 64 << 10) {
      int length = Math.min(64 << 10, model.length - at);
      assertThat(
              Arrays.mismatch(client.read(at, length), Arrays.copyOfRange(model, at, at + length)))
          .as("first wrong byte of the range at %d", at)
          .isEqualTo(-1);
    }
  }

  private void grow(long bytes) throws Exception {
    volume.lengthenData(bytes);
    volume.resize(bytes);
    model = Arrays.copyOf(model, (int) bytes);
  }

  private long dataBytes() throws IOException {
    return disk.devices().examine(data).sizeBytes();
  }

  private static void assertRefused(RefusalCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.refusal().code()).isEqualTo(code));
  }

  /** Rule L9. */
  @Test
  void clientsGoOnAndWriteBehindTheOldEnd() throws Exception {
    for (int i = 0; i < 50; i++) writeAnywhere();
    grow(3 * BYTES);
    assertThat(volume.sizeBytes()).isEqualTo(3 * BYTES);
    assertContent();
    write(BYTES - 4096, 8192);
    write(3 * BYTES - 512, 512);
    assertThat(client.flush()).isZero();
    disk.powerLoss(random);
    open();
    assertThat(volume.sizeBytes()).isEqualTo(3 * BYTES);
    assertContent();
    for (int i = 0; i < 50; i++) writeAnywhere();
    disk.processDeath();
    open();
    assertContent();
    volume.stop();
    open();
    assertContent();
  }

  /** Rule L9: the device is durable before anybody is told of the size. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoDiesAtAnyStepLeavesTheOldSizeOrTheNewOneAndADeviceThatHoldsIt(boolean power)
      throws Exception {
    EnumSet<Left> seen = EnumSet.noneOf(Left.class);
    boolean died = true;
    for (int step = 1; died; step++) {
      long before = volume.sizeBytes();
      long after = before + (1 + random.nextInt(64)) * 4096L;
      for (int i = 0; i < 10; i++) writeAnywhere();
      assertThat(client.flush()).isZero();
      died = growDying(after, step, power);
      if (!died) disk.processDeath();
      open();
      assertThat(volume.sizeBytes()).isIn(before, after);
      assertThat(dataBytes()).isGreaterThanOrEqualTo(volume.sizeBytes());
      assertContent();
      if (volume.sizeBytes() == after) seen.add(Left.NEW);
      else seen.add(dataBytes() > before ? Left.OLD_WITH_A_LONGER_FILE : Left.OLD);
      grow(after);
      write((int) after - 512, 512);
      assertContent();
    }
    assertThat(seen).containsExactly(Left.values());
  }

  private enum Left {
    OLD,
    OLD_WITH_A_LONGER_FILE,
    NEW
  }

  /**
   * @param step operation of the resize before which it dies; where it has fewer it is done
   */
  private boolean growDying(long bytes, int step, boolean power) throws Exception {
    Thread caller = Thread.currentThread();
    int[] left = {step};
    disk.beforeEachOperation(_ -> {
      if (!Thread.currentThread().equals(caller) || --left[0] != 0) return;
      if (power) disk.powerLoss(random);
      else disk.processDeath();
    });
    try {
      volume.lengthenData(bytes);
      volume.resize(bytes);
      return false;
    } catch (ProcessDiedError expected) {
      return true;
    } finally {
      disk.beforeEachOperation(_ -> {});
    }
  }

  /** Rule L9: who died after the first step left a longer file, which is taken as it is. */
  @Test
  void aLongerFileUnderAVolumeOfTheOldSizeIsAdopted() throws Exception {
    volume.lengthenData(4 * BYTES);
    disk.processDeath();
    open();
    assertThat(volume.sizeBytes()).isEqualTo(BYTES);
    grow(2 * BYTES);
    assertThat(volume.sizeBytes()).isEqualTo(2 * BYTES);
    assertThat(dataBytes()).isEqualTo(4 * BYTES);
  }

  @Test
  void aDeviceOfSomebodyElseIsAdoptedOnceItIsLongEnough() throws Exception {
    assertRefused(RefusalCode.TOO_SMALL, () -> volume.resize(2 * BYTES));
    assertThat(volume.sizeBytes()).isEqualTo(BYTES);
    try (BlockDevice administrator = disk.devices().openWritable(data)) {
      administrator.extend(2 * BYTES);
    }
    volume.resize(2 * BYTES);
    model = Arrays.copyOf(model, 2 * BYTES);
    write(2 * BYTES - 512, 512);
    disk.powerLoss(random);
    open();
    assertThat(volume.sizeBytes()).isEqualTo(2 * BYTES);
  }

  /** Rule L9 and invariant 3: the archives know of zeroes there. */
  @Test
  void whatADeviceOfSomebodyElseHeldBehindTheEndReadsAsZeroes() throws Exception {
    try (BlockDevice administrator = disk.devices().openWritable(data)) {
      administrator.extend(2 * BYTES);
      ByteBuffer old = BufferPool.aligned(8192);
      while (old.hasRemaining()) old.put((byte) 7);
      administrator.write(BYTES, old.flip());
      administrator.write(2 * BYTES - 8192, old.rewind());
      administrator.flush();
    }
    grow(BYTES + 4096);
    assertContent();
    grow(2 * BYTES);
    disk.powerLoss(random);
    open();
    assertContent();
  }

  @Test
  void aVolumeNeverShrinksAndTheSizeThatItHasChangesNothing() throws Exception {
    assertRefused(RefusalCode.WOULD_SHRINK, () -> volume.resize(BYTES - 4096));
    volume.lengthenData(BYTES - 4096);
    assertThat(dataBytes()).isEqualTo(BYTES);
    disk.failNextFlush(data);
    volume.resize(BYTES);
    assertThat(volume.failure()).as("not even flushed for it").isEmpty();
    assertThatThrownBy(() -> volume.resize(BYTES + 512))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aDeviceThatCannotBeMadeLongerIsRefusedAndTheVolumeGoesOn() throws Exception {
    disk.addBlockDevice("/dev/data", BYTES);
    volume.stop();
    data = "/dev/data";
    open();
    assertRefused(RefusalCode.UNSUPPORTED, () -> volume.lengthenData(2 * BYTES));
    write(0, 4096);
    assertThat(client.flush()).isZero();
  }

  /** Rules L3 and L9: what a failed flush covered may be lost, so the volume answers no more. */
  @Test
  void aFlushThatFailsMeanwhileFailsTheVolumeAndTheNextProcessMakesItGood() throws Exception {
    for (int i = 0; i < 20; i++) writeAnywhere();
    assertThat(client.flush()).isZero();
    volume.lengthenData(2 * BYTES);
    disk.failNextFlush(data);
    assertThatThrownBy(() -> volume.resize(2 * BYTES)).isInstanceOf(IOException.class);
    assertThat(volume.failure()).isPresent();
    assertThat(volume.sizeBytes()).isEqualTo(BYTES);
    assertThatThrownBy(() -> volume.resize(2 * BYTES)).isInstanceOf(IOException.class);
    disk.processDeath();
    open();
    assertContent();
    grow(2 * BYTES);
    volume.stop();
    disk.powerLoss(random);
    open();
    assertThat(volume.sizeBytes()).isEqualTo(2 * BYTES);
    assertContent();
  }

  /** Rule L9: what is restorable has the new size, too, although nobody writes. */
  @Test
  void aVolumeThatAnArchiveFollowsIsCutWhenItHasGrown() throws Exception {
    volume.openSession(1, new SessionUuid(1, 2), 7);
    grow(2 * BYTES);
    assertThat(volume.history().cuts()).hasSize(2);
    Cut cut = volume.history().cuts().getLast();
    assertThat(cut.volumeBytes()).contains(2L * BYTES);
    volume.resize(2 * BYTES);
    assertThat(volume.history().cuts()).as("the size that it has").hasSize(2);
  }

  /** Rules L9 and M2: neither takes back what the other made. */
  @Test
  void aSessionThatBeginsLaterKeepsTheSize() throws Exception {
    grow(2 * BYTES);
    volume.reset();
    disk.powerLoss(random);
    open();
    assertThat(volume.sizeBytes()).isEqualTo(2 * BYTES);
  }
}
