package io.backstay.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.backstay.device.DirectDevice.Access;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BlockDeviceContract;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Devices.Caching;
import io.backstay.seam.NoSpaceException;
import io.backstay.seam.Time;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectDeviceTest {
  private static final int MIB = 1 << 20;

  @Nested
  class PastThePageCache extends BlockDeviceContract {
    @TempDir private Path directory;

    @Override
    protected BlockDevice create(long sizeBytes) throws IOException {
      return FileDirectory.at(directory).createDevice("image", sizeBytes);
    }

    @Override
    protected BlockDevice reopen() throws IOException {
      return FileDirectory.at(directory).openDevice("image");
    }

    @Override
    protected void grow(long sizeBytes) throws IOException {
      lengthen(directory.resolve("image"), sizeBytes);
    }

    @Test
    void directIoIsUsedWhereTheFileSystemHasIt() throws IOException {
      String type = Files.getFileStore(directory).type();
      assumeThat(type).isIn("ext2", "ext3", "ext4", "xfs", "btrfs");
      try (BlockDevice device = create(MIB)) {
        assertThat(device.alignmentBytes()).isGreaterThan(1);
      }
    }
  }

  @Nested
  class ThroughThePageCache extends BlockDeviceContract {
    @TempDir private Path directory;

    @Override
    protected BlockDevice create(long sizeBytes) throws IOException {
      FileDirectory.at(directory).createDevice("image", sizeBytes).close();
      return reopen();
    }

    @Override
    protected BlockDevice reopen() throws IOException {
      LinuxFile file = LinuxFile.open(directory.resolve("image").toString(), Linux.O_RDWR);
      return DirectDevice.over(file, FileKind.FILE, Access.WRITABLE, Caching.CACHED);
    }

    @Override
    protected void grow(long sizeBytes) throws IOException {
      lengthen(directory.resolve("image"), sizeBytes);
    }
  }

  @Nested
  class OnALoopDevice extends BlockDeviceContract {
    @TempDir private Path directory;
    private Optional<LoopDevice> loop = Optional.empty();

    @Override
    protected BlockDevice create(long sizeBytes) throws IOException {
      loop = LoopDevice.over(directory.resolve("backing"), sizeBytes);
      assumeThat(loop).as("a loop device can be had").isPresent();
      return reopen();
    }

    @Override
    protected BlockDevice reopen() throws IOException {
      return new LinuxDevices(Time.system()).openWritable(loop.orElseThrow().path());
    }

    @Override
    protected void grow(long sizeBytes) throws IOException {
      lengthen(directory.resolve("backing"), sizeBytes);
      loop.orElseThrow().adoptSize();
    }

    @Override
    protected boolean anySize() {
      return false;
    }

    @AfterEach
    void detach() throws IOException {
      if (loop.isPresent()) loop.get().close();
    }

    @Test
    void aSizeThatIsNoMultipleOfTheAlignmentIsReadAndWrittenToItsEnd() throws IOException {
      try (BlockDevice device = create(MIB + 512)) {
        assertThat(device.sizeBytes()).isEqualTo(MIB + 512);
        device.write(MIB, filled(512, 7));
        device.flush();
        ByteBuffer all = BufferPool.aligned(MIB + 512);
        device.read(0, all);
        assertThat(all.get(MIB + 511)).isEqualTo((byte) 7);
        device.zero(MIB - 4096, 4096 + 512);
        device.read(0, all.clear());
        assertThat(all.get(MIB + 511)).isZero();
      }
    }

    @Test
    void anUnreadableBlockIsNamedWithinTheRange() throws IOException {
      try (BlockDevice device = create(4 * MIB)) {
        // What lies behind the end of the backing file cannot be read any more.
        try (FileChannel backing =
            FileChannel.open(directory.resolve("backing"), StandardOpenOption.WRITE)) {
          backing.truncate(MIB + 64 * 1024);
        }
        device.read(0, BufferPool.aligned(MIB));
        assertThatThrownBy(() -> device.read(MIB, BufferPool.aligned(MIB)))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("4096 bytes at " + (MIB + 64 * 1024) + " of /dev/loop");
      }
    }
  }

  @Test
  void aFullDiskIsAnErrorOfItsOwn(@TempDir Path directory) throws IOException {
    Optional<LoopDevice> loop = LoopDevice.over(directory.resolve("backing"), 8 * MIB);
    assumeThat(loop).as("a loop device can be had").isPresent();
    Path mounted = Files.createDirectory(directory.resolve("mounted"));
    try (LoopDevice device = loop.get()) {
      assertThat(LoopDevice.run("mkfs.ext4", "-q", device.path()).status()).isZero();
      assertThat(LoopDevice.run("mount", device.path(), mounted.toString()).status()).isZero();
      try {
        FileDirectory small = FileDirectory.at(mounted);
        try (BlockDevice image = small.createDevice("image", 64 * MIB)) {
          assertThatThrownBy(() -> fill(image))
              .isInstanceOf(NoSpaceException.class)
              .hasMessageContaining(mounted.resolve("image").toString());
        }
        try (var log = small.append("log")) {
          assertThatThrownBy(
                  () -> {
                    while (true) log.append(ByteBuffer.allocate(MIB));
                  })
              .isInstanceOf(NoSpaceException.class);
        }
        assertThat(small.usableBytes()).isLessThan(MIB);
        assertThatThrownBy(() -> new LinuxDevices(Time.system()).openWritable(device.path()))
            .as("a mounted device is in use")
            .isInstanceOf(IOException.class)
            .hasMessageContaining(device.path());
      } finally {
        LoopDevice.run("umount", mounted.toString());
      }
    }
  }

  @Test
  void aFileOfManyGibIsSparse(@TempDir Path directory) throws IOException {
    long size = 1L << 40;
    try (BlockDevice device = FileDirectory.at(directory).createDevice("huge", size)) {
      device.write(size - 4096, filled(4096, 1));
      assertThat(device.nextData(0)).isEqualTo(size - 4096);
      device.zero(0, size);
      assertThat(device.nextData(0)).isEqualTo(size);
    }
  }

  private static void lengthen(Path file, long sizeBytes) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.setLength(sizeBytes);
    }
  }

  private static void fill(BlockDevice device) throws IOException {
    ByteBuffer content = filled(MIB, 1);
    for (long offset = 0; offset < device.sizeBytes(); offset += MIB) {
      device.write(offset, content.clear());
    }
  }

  private static ByteBuffer filled(int bytes, int value) {
    ByteBuffer content = BufferPool.aligned(bytes);
    for (int i = 0; i < bytes; i++) content.put(i, (byte) value);
    return content;
  }
}
