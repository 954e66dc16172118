package io.backstay.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.ChangeStamp;
import io.backstay.seam.Devices;
import io.backstay.seam.DevicesContract;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxDevicesTest extends DevicesContract {
  @TempDir private Path directory;
  private Optional<LoopDevice> loop = Optional.empty();

  @Override
  protected Devices devices() {
    return new LinuxDevices(Time.system());
  }

  @Override
  protected String path(String name) {
    return directory.resolve(name).toString();
  }

  @Override
  protected Optional<String> blockDevice() throws IOException {
    loop = LoopDevice.over(directory.resolve("backing"), 8 << 20);
    return loop.map(LoopDevice::path);
  }

  @Override
  protected void shorten(String path, long sizeBytes) throws IOException {
    try (FileChannel file = FileChannel.open(Path.of(path), StandardOpenOption.WRITE)) {
      file.truncate(sizeBytes);
    }
  }

  @AfterEach
  void detach() throws IOException {
    if (loop.isPresent()) loop.get().close();
  }

  @Test
  void aPipeIsRefusedAndHoldsNobody() throws IOException {
    String pipe = path("pipe");
    assumeThat(LoopDevice.run("mkfifo", pipe).status()).isZero();
    assertThatThrownBy(() -> devices().examine(pipe)).hasMessageContaining("neither");
    assertThatThrownBy(() -> devices().openReadOnly(pipe)).hasMessageContaining("neither");
    assertThatThrownBy(() -> devices().openWritable(pipe)).hasMessageContaining("neither");
  }

  @Test
  void linksLeadToWhatTheyNameAndBrokenOnesAreSaidSo() throws IOException {
    devices().create(path("real"), 4096).close();
    Files.createSymbolicLink(directory.resolve("link"), directory.resolve("real"));
    Files.createSymbolicLink(directory.resolve("broken"), directory.resolve("none"));
    assertThat(devices().examine(path("link")).identity())
        .isEqualTo(devices().examine(path("real")).identity());
    assertThatThrownBy(() -> devices().examine(path("broken"))).hasMessageContaining("link");
    assertThatThrownBy(() -> devices().create(path("broken"), 1)).isInstanceOf(IOException.class);
  }

  @Test
  void theIdentityStaysOverARename() throws IOException {
    devices().create(path("a"), 4096).close();
    String before = devices().examine(path("a")).identity();
    Files.move(directory.resolve("a"), directory.resolve("b"));
    assertThat(devices().examine(path("b")).identity()).as("rule K6").isEqualTo(before);
  }

  @Test
  void aWriteIntoTheFileBehindALoopDeviceChangesItsStamp() throws IOException {
    Optional<String> path = blockDevice();
    assumeThat(path).isPresent();
    ChangeStamp before = devices().changeStamp(path.get());
    try (BlockDevice file = devices().openWritable(path("backing"))) {
      file.write(0, BufferPool.aligned(4096));
    }
    assertThat(devices().changeStamp(path.get())).as("rule L10").isNotEqualTo(before);
  }

  @Test
  void freezingLeavesNoNameBehind() throws IOException {
    devices().create(path("source"), 4096).close();
    Optional<BlockDevice> frozen = devices().freeze(path("source"));
    if (frozen.isPresent()) frozen.get().close();
    try (var names = Files.list(directory)) {
      assertThat(names).hasSize(1);
    }
  }

  @Test
  void freezingWorksOnXfs(@TempDir Path place) throws IOException {
    assumeThat(LoopDevice.run("mkfs.xfs", "-V").status()).as("mkfs.xfs is installed").isZero();
    Optional<LoopDevice> disk = LoopDevice.over(place.resolve("disk"), 512L << 20);
    assumeThat(disk).isPresent();
    Path mounted = Files.createDirectory(place.resolve("mounted"));
    try (LoopDevice device = disk.get()) {
      assertThat(LoopDevice.run("mkfs.xfs", "-q", device.path()).status()).isZero();
      assumeThat(LoopDevice.run("mount", device.path(), mounted.toString()).status())
          .as("xfs can be mounted")
          .isZero();
      try {
        freezeOn(mounted);
      } finally {
        LoopDevice.run("umount", mounted.toString());
      }
    }
  }

  private void freezeOn(Path mounted) throws IOException {
    String source = mounted.resolve("source").toString();
    try (BlockDevice written = devices().create(source, (1 << 20) + 100)) {
      written.write(0, BufferPool.aligned(4096).put(0, (byte) 1));
      try (BlockDevice frozen = devices().freeze(source).orElseThrow()) {
        written.write(0, BufferPool.aligned(4096).put(0, (byte) 2));
        var back = BufferPool.aligned(4096);
        frozen.read(0, back);
        assertThat(back.get(0)).as("rule L10").isEqualTo((byte) 1);
        assertThat(frozen.sizeBytes()).isEqualTo((1 << 20) + 100);
      }
    }
  }
}
