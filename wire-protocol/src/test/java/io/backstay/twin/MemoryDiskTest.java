package io.backstay.twin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.AppendFile;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.ChangeStamp;
import io.backstay.seam.Directory;
import io.backstay.seam.NoSpaceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What goes wrong with a simulated machine's disks, short of a loss of power. */
class MemoryDiskTest {
  private final MemoryDisk disk = new MemoryDisk();
  private final Directory directory = disk.directory("/d");

  @Test
  void hugeDevicesCostOnlyWhatIsWritten() throws IOException {
    try (BlockDevice device = directory.createDevice("huge", 1L << 44)) {
      write(device, (1L << 44) - 4096, 7);
      assertThat(device.nextData(0)).isEqualTo((1L << 44) - 4096);
      device.zero(0, 1L << 44);
      assertThat(device.nextData(0)).isEqualTo(1L << 44);
    }
  }

  @Test
  void aDeadProcessDoesNothingMore() throws IOException {
    BlockDevice device = directory.createDevice("image", 8192);
    AppendFile log = directory.append("log");
    disk.processDeath();
    assertThatThrownBy(() -> write(device, 0, 1)).isInstanceOf(ProcessDiedError.class);
    assertThatThrownBy(() -> log.append(ByteBuffer.allocate(1)))
        .isInstanceOf(ProcessDiedError.class);
    assertThatThrownBy(directory::list).isInstanceOf(ProcessDiedError.class);
    try (BlockDevice again = disk.directory("/d").openDevice("image")) {
      assertThat(again.nextData(0)).isEqualTo(8192);
    }
  }

  @Test
  void processesOfOneMachineDieAlone() throws IOException {
    MemoryDisk.Mount storage = disk.mount("s0");
    MemoryDisk.Mount archive = disk.mount("a0");
    Directory ours = storage.directory("/s0");
    Directory theirs = archive.directory("/a0");
    storage.die();
    assertThatThrownBy(ours::list).isInstanceOf(ProcessDiedError.class);
    assertThat(theirs.list()).isEmpty();
    disk.powerLoss(new Random(1));
    assertThatThrownBy(theirs::list).isInstanceOf(ProcessDiedError.class);
  }

  @Test
  void aProcessMayDieInTheMiddleOfAWrite() throws IOException {
    AppendFile log = directory.append("log");
    disk.beforeEachOperation(operation -> {
      if (operation.startsWith("write-rest")) disk.processDeath();
    });
    assertThatThrownBy(() -> log.append(ByteBuffer.wrap(new byte[10_000])))
        .isInstanceOf(ProcessDiedError.class);
    disk.beforeEachOperation(operation -> {});
    assertThat(disk.directory("/d").read("log")).hasSize(4096);
  }

  @Test
  void theHookSeesEveryOperationOnce() throws IOException {
    List<String> seen = new ArrayList<>();
    disk.beforeEachOperation(seen::add);
    directory.publish("state", "x".getBytes(UTF_8));
    assertThat(seen)
        .containsExactly(
            "look-at /d/state.tmp",
            "delete /d/state.tmp",
            "append /d/state.tmp",
            "size /d/state.tmp",
            "write 0+1 /d/state.tmp",
            "flush /d/state.tmp",
            "rename to state /d/state.tmp",
            "sync /d");
  }

  @Test
  void readsAndWritesFailWhereTheDiskIsBadUntilItIsHealed() throws IOException {
    try (BlockDevice device = directory.createDevice("image", 16384)) {
      disk.failReads("/d/image", 5000, 5001);
      disk.failWrites("/d/image", 8192, 8193);
      device.read(0, BufferPool.aligned(4096));
      assertThatThrownBy(() -> device.read(0, BufferPool.aligned(8192)))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("/d/image", "8192 bytes at 0", "Input/output error");
      write(device, 4096, 1);
      assertThatThrownBy(() -> write(device, 8192, 1)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> device.zero(0, 16384)).isInstanceOf(IOException.class);
      disk.healFaults();
      write(device, 8192, 1);
      device.read(0, BufferPool.aligned(16384));
    }
  }

  @Test
  void aFullDiskSaysSoAndTakesAgainWhenSomethingIsDeleted() throws IOException {
    disk.capacity(5 * 4096);
    directory.publish("old", new byte[] {1});
    try (BlockDevice device = directory.createDevice("image", 1 << 20)) {
      ByteBuffer content = aligned(8 * 4096, 1);
      assertThatThrownBy(() -> device.write(0, content))
          .isInstanceOf(NoSpaceException.class)
          .hasMessageContaining("No space left on device");
      assertThat(directory.usableBytes()).isZero();
      assertThatThrownBy(() -> directory.append("more")).isInstanceOf(NoSpaceException.class);
      write(device, 0, 2);
      directory.delete("old");
      assertThat(directory.usableBytes()).isEqualTo(4096);
      device.zero(0, 8192);
      assertThat(directory.usableBytes()).isEqualTo(3 * 4096);
    }
  }

  @Test
  void aRottenBitIsReadByEverybodyAndSurvives() throws IOException {
    try (BlockDevice device = directory.createDevice("image", 8192)) {
      write(device, 0, 1);
      disk.rot("/d/image", 100, 7);
    }
    disk.powerLoss(new Random(1));
    try (BlockDevice device = disk.directory("/d").openDevice("image")) {
      ByteBuffer back = BufferPool.aligned(4096);
      device.read(0, back);
      assertThat(back.get(100)).isIn((byte) 0x81, (byte) 0x80);
    }
  }

  @Test
  void aFailedFlushOrSyncIsAnErrorOnce() throws IOException {
    disk.failNextFlush("/d/image");
    disk.failNextFlush("/d");
    try (BlockDevice device = directory.createDevice("image", 8192)) {
      assertThatThrownBy(device::flush).isInstanceOf(IOException.class);
      device.flush();
    }
    assertThatThrownBy(directory::sync).isInstanceOf(IOException.class);
    directory.sync();
  }

  /** Rule L3. */
  @Test
  void zeroesThatAFailedFlushLostCanBeWrittenAgain() throws IOException {
    for (int seed = 0; seed < 20; seed++) {
      try (BlockDevice device = disk.directory("/d").createDevice("image" + seed, 4096)) {
        write(device, 0, 1);
        device.flush();
        disk.directory("/d").sync();
        device.zero(0, 4096);
        disk.failNextFlush("/d/image" + seed);
        assertThatThrownBy(device::flush).isInstanceOf(IOException.class);
        device.zero(0, 4096);
        device.flush();
      }
      disk.powerLoss(new Random(seed));
      try (BlockDevice device = disk.directory("/d").openDevice("image" + seed)) {
        assertThat(device.nextData(0)).isEqualTo(4096);
      }
    }
  }

  @Test
  void stampsCanBeMissingAndDifferAfterALossOfPower() throws IOException {
    disk.devices().create("/d/source", 4096).close();
    ChangeStamp before = disk.devices().changeStamp("/d/source");
    disk.powerLoss(new Random(1));
    assertThat(disk.devices().changeStamp("/d/source")).as("rule L10").isNotEqualTo(before);
    disk.canStamp(false);
    assertThat(disk.devices().changeStamp("/d/source")).isEqualTo(ChangeStamp.UNKNOWN);
  }

  static void write(BlockDevice device, long offset, int value) throws IOException {
    device.write(offset, aligned(4096, value));
  }

  static ByteBuffer aligned(int bytes, int value) {
    ByteBuffer buffer = BufferPool.aligned(bytes);
    for (int i = 0; i < bytes; i++) buffer.put(i, (byte) value);
    return buffer;
  }
}
