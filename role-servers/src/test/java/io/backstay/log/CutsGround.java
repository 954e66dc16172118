package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Cut;
import io.backstay.model.OnLogFull;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MortalTime;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;

/** A logged volume over a disk in memory, and what it must hold. */
abstract class CutsGround {
  static final int BYTES = 1 << 20;
  static final int TAIL_BYTES = 1 << 20;
  static final long MIB_BLOCKS = 256;
  static final SessionUuid UUID = new SessionUuid(77, 78);

  final MemoryDisk disk = new MemoryDisk();
  final MortalTime time = new MortalTime();
  final byte[] model = new byte[BYTES];
  final Random random = new Random(4);
  Duration cutInterval = Duration.ofHours(1);
  Duration checkpointInterval = Duration.ofMillis(20);
  OnLogFull onFull = OnLogFull.OVERFLOW;
  LoggedVolume volume;
  Client client;

  @AfterEach
  void endItsThreads() {
    disk.processDeath();
    time.processDeath();
  }

  void make(long ringBytes) throws IOException {
    disk.addBlockDevice("/dev/log", ringBytes + 3 * 4096);
    disk.addBlockDevice("/dev/data", BYTES);
    LoggedVolume.format(parts(), BYTES);
    open();
  }

  VolumeParts parts() {
    return PartsOnDisk.of(
        disk, time, new LogSettings(TAIL_BYTES, checkpointInterval, cutInterval, onFull));
  }

  void open() throws IOException {
    volume = LoggedVolume.open(parts(), false);
    client = new Client(volume);
  }

  void write(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    int offset = random.nextInt((BYTES - length) / 512 + 1) * 512;
    assertThat(client.write(offset, bytes, false)).isZero();
    System.arraycopy(bytes, 0, model, offset, length);
  }

  void writeMiB(int many) {
    for (int i = 0; i < many; i++) write(1 << 20);
  }

  void assertContent() {
    for (int at = 0; at < BYTES; at += 64 << 10) {
      byte[] expected = Arrays.copyOfRange(model, at, at + (64 << 10));
      assertThat(Arrays.mismatch(client.read(at, 64 << 10), expected)).isEqualTo(-1);
    }
  }

  List<Cut> cuts() {
    return volume.history().cuts();
  }

  static RefusalCode refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    RefusedException[] found = new RefusedException[1];
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(RefusedException.class, refused -> found[0] = refused);
    return found[0].refusal().code();
  }
}
