package io.backstay.seam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.backstay.seam.DeviceFacts.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every {@link Devices} does. */
public abstract class DevicesContract {
  private static final int MIB = 1 << 20;

  protected abstract Devices devices();

  /** An absolute path of that name in a directory that is empty at first. */
  protected abstract String path(String name);

  /** A block device of 8 MiB of zeroes, or empty where the test may not have one. */
  protected abstract Optional<String> blockDevice() throws IOException;

  @Test
  void nothingIsAtANewPath() throws IOException {
    String path = path("none");
    assertThat(devices().examine(path)).isEqualTo(DeviceFacts.absent(path));
    assertThatThrownBy(() -> devices().openReadOnly(path)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> devices().openWritable(path)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> devices().changeStamp(path)).isInstanceOf(NoSuchFileException.class);
    assertThat(devices().examine(path).kind()).isEqualTo(Kind.ABSENT);
  }

  @Test
  void aCreatedFileHasItsSizeAndIsNotEmptyAnyMore() throws IOException {
    String path = path("target");
    try (BlockDevice device = devices().create(path, 3 * MIB)) {
      assertThat(device.sizeBytes()).isEqualTo(3 * MIB);
      BlockDeviceContract.assertAllZero(BlockDeviceContract.contentOf(device));
    }
    DeviceFacts facts = devices().examine(path);
    assertThat(facts.kind()).isEqualTo(Kind.FILE);
    assertThat(facts.sizeBytes()).isEqualTo(3 * MIB);
    assertThat(facts.identity()).isNotEmpty();
    assertThat(facts.empty()).as("rule K6").isFalse();
  }

  @Test
  void aFileOfLengthZeroIsEmptyAndIsTakenWithItsIdentity() throws IOException {
    String path = path("target");
    devices().create(path, 0).close();
    DeviceFacts before = devices().examine(path);
    assertThat(before.empty()).as("rule K6").isTrue();
    devices().create(path, MIB).close();
    assertThat(devices().examine(path).identity()).isEqualTo(before.identity());
    assertThat(devices().examine(path).sizeBytes()).isEqualTo(MIB);
  }

  @Test
  void nothingIsCreatedOverAFileWithBytesOrWithoutADirectory() throws IOException {
    String path = path("target");
    devices().create(path, 1).close();
    assertThatThrownBy(() -> devices().create(path, 1))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThatThrownBy(() -> devices().create(path("no/target"), 1))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aDirectoryIsNeitherFileNorDevice() throws IOException {
    String path = path("x");
    String directory = path.substring(0, path.lastIndexOf('/'));
    assertThatThrownBy(() -> devices().examine(directory)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> devices().openReadOnly(directory)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> devices().openWritable(directory)).isInstanceOf(IOException.class);
  }

  @Test
  void aPathThatIsNotAbsoluteIsRefused() {
    assertThatThrownBy(() -> devices().examine("source"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("absolute");
    assertThatThrownBy(() -> devices().create("a/b", 1)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> devices().openReadOnly("")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> devices().openReadOnly("/a\0b")).isInstanceOf(IOException.class);
  }

  @Test
  void twoFilesHaveTwoIdentities() throws IOException {
    devices().create(path("a"), 1).close();
    devices().create(path("b"), 1).close();
    assertThat(devices().examine(path("a")).identity())
        .isNotEqualTo(devices().examine(path("b")).identity());
  }

  @Test
  void whatWasOpenedForReadingIsNotWritten() throws IOException {
    String path = path("source");
    devices().create(path, MIB).close();
    try (BlockDevice device = devices().openReadOnly(path)) {
      assertThat(device.sizeBytes()).isEqualTo(MIB);
      assertThatThrownBy(() -> device.write(0, BufferPool.aligned(4096)))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> device.zero(0, 4096)).isInstanceOf(IllegalStateException.class);
      BlockDeviceContract.assertAllZero(BlockDeviceContract.contentOf(device));
    }
  }

  @Test
  void aReaderSeesWhatAWriterWroteAtOnce() throws IOException {
    String path = path("source");
    devices().create(path, MIB).close();
    try (BlockDevice reader = devices().openReadOnly(path);
        BlockDevice writer = devices().openWritable(path)) {
      BlockDeviceContract.write(writer, 4096, BlockDeviceContract.filled(4096, 5));
      assertThat(BlockDeviceContract.contentOf(reader)[4096]).isEqualTo((byte) 5);
    }
  }

  @Test
  void aSourceThatBecameShorterIsAnErrorThatNamesTheOffset() throws IOException {
    String path = path("source");
    devices().create(path, MIB).close();
    try (BlockDevice device = devices().openReadOnly(path)) {
      shorten(path, MIB / 2);
      BlockDeviceContract.read(device, new BlockDeviceContract.Range(0, MIB / 2));
      assertThatThrownBy(
              () -> BlockDeviceContract.read(device, new BlockDeviceContract.Range(0, MIB)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(path)
          .hasMessageContaining(Integer.toString(MIB / 2));
    }
  }

  /** Makes a file shorter, as another program might. */
  protected abstract void shorten(String path, long sizeBytes) throws IOException;

  @Test
  void aStampIsEqualUntilSomethingIsWritten() throws IOException {
    String path = path("source");
    devices().create(path, MIB).close();
    ChangeStamp before = devices().changeStamp(path);
    assertThat(before.known()).as("rule L10").isTrue();
    try (BlockDevice reader = devices().openReadOnly(path)) {
      BlockDeviceContract.contentOf(reader);
    }
    assertThat(devices().changeStamp(path)).isEqualTo(before);
    try (BlockDevice writer = devices().openWritable(path)) {
      BlockDeviceContract.write(writer, 0, BlockDeviceContract.filled(4096, 1));
    }
    assertThat(devices().changeStamp(path)).as("rule L10").isNotEqualTo(before);
  }

  @Test
  void everyQuickWriteChangesTheStamp() throws IOException {
    String path = path("source");
    try (BlockDevice writer = devices().create(path, MIB)) {
      for (int i = 0; i < 20; i++) {
        ChangeStamp before = devices().changeStamp(path);
        BlockDeviceContract.write(writer, 0, BlockDeviceContract.filled(4096, i));
        assertThat(devices().changeStamp(path)).as("rule L10, write %d", i).isNotEqualTo(before);
      }
    }
  }

  @Test
  void aFrozenCopyKeepsTheBytesOfItsMomentAndLeavesNothingBehind() throws IOException {
    String path = path("source");
    try (BlockDevice source = devices().create(path, MIB + 100)) {
      BlockDeviceContract.write(source, 0, BlockDeviceContract.filled(8192, 1));
      Optional<BlockDevice> frozen = devices().freeze(path);
      assumeThat(frozen).as("freezing is possible here").isPresent();
      try (BlockDevice copy = frozen.get()) {
        BlockDeviceContract.write(source, 4096, BlockDeviceContract.filled(4096, 2));
        byte[] content = BlockDeviceContract.contentOf(copy);
        assertThat(content).hasSize(MIB + 100);
        assertThat(content[0]).isEqualTo((byte) 1);
        assertThat(content[4096]).as("rule L10").isEqualTo((byte) 1);
        assertThatThrownBy(() -> copy.write(0, BufferPool.aligned(4096)))
            .isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void aBlockDeviceOfZeroesIsEmpty() throws IOException {
    String path = someBlockDevice();
    DeviceFacts facts = devices().examine(path);
    assertThat(facts.kind()).isEqualTo(Kind.BLOCK_DEVICE);
    assertThat(facts.sizeBytes()).isEqualTo(8 * MIB);
    assertThat(facts.identity()).contains(":");
    assertThat(facts.empty()).as("rule K6").isTrue();
    assertThat(devices().freeze(path)).isEmpty();
    assertThatThrownBy(() -> devices().create(path, MIB))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "1080, S\u00ef, ext",
    "0, XFSB, xfs",
    "65600, _BHRfS_M, btrfs",
    "512, LABELONE, LVM2",
    "4086, SWAPSPACE2, swap",
    "0, LUKS\u00ba\u00be, LUKS",
    "4194304, SKUL\u00ba\u00be, LUKS2",
    "510, U\u00aa, MBR",
    "512, EFI PART, GPT",
    "8388096, EFI PART, GPT",
    "1048575, x, first MiB",
    "7340032, x, last MiB",
    "8388607, x, last MiB",
  })
  void aBlockDeviceWithASignatureOrBytesAtAnEndIsNotEmpty(long offset, String magic, String name)
      throws IOException {
    String path = someBlockDevice();
    try (BlockDevice device = devices().openWritable(path)) {
      byte[] block = new byte[8192];
      byte[] text = magic.getBytes(StandardCharsets.ISO_8859_1);
      long from = Math.min(offset / 4096 * 4096, 8 * MIB - block.length);
      System.arraycopy(text, 0, block, (int) (offset - from), text.length);
      BlockDeviceContract.write(device, from, block);
      assertThat(Emptiness.whatIsOn(device)).hasValueSatisfying(s -> assertThat(s).contains(name));
    }
    assertThat(devices().examine(path).empty()).as("rule K6").isFalse();
  }

  @Test
  void bytesBetweenTheEndsOfABlockDeviceAreNotLookedAt() throws IOException {
    String path = someBlockDevice();
    try (BlockDevice device = devices().openWritable(path)) {
      BlockDeviceContract.write(device, MIB, BlockDeviceContract.filled(4096, 1));
      BlockDeviceContract.write(device, 7 * MIB - 4096, BlockDeviceContract.filled(4096, 1));
    }
    assertThat(devices().examine(path).empty()).as("rule K6").isTrue();
  }

  @Test
  void aBlockDeviceIsWrittenByOneAtATime() throws IOException {
    String path = someBlockDevice();
    try (BlockDevice device = devices().openWritable(path)) {
      assertThatThrownBy(() -> devices().openWritable(path))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(path);
      try (BlockDevice reader = devices().openReadOnly(path)) {
        BlockDeviceContract.write(device, 0, BlockDeviceContract.filled(4096, 1));
        assertThat(BlockDeviceContract.contentOf(reader)[0]).isEqualTo((byte) 1);
      }
    }
    devices().openWritable(path).close();
  }

  @Test
  void theStampOfABlockDeviceTellsWritesAndZeroes() throws IOException {
    String path = someBlockDevice();
    ChangeStamp first = devices().changeStamp(path);
    assumeThat(first.known()).as("this system counts writes").isTrue();
    devices().examine(path);
    assertThat(devices().changeStamp(path)).isEqualTo(first);
    try (BlockDevice device = devices().openWritable(path)) {
      BlockDeviceContract.write(device, 0, BlockDeviceContract.filled(4096, 1));
      ChangeStamp second = devices().changeStamp(path);
      assertThat(second).as("rule L10").isNotEqualTo(first);
      device.zero(0, MIB);
      assertThat(devices().changeStamp(path)).as("rule L10").isNotEqualTo(second);
    }
  }

  private String someBlockDevice() throws IOException {
    Optional<String> path = blockDevice();
    assumeThat(path).as("a block device can be had").isPresent();
    return path.get();
  }

  @Test
  void whatOneHasForItselfNobodyElseGets() throws IOException {
    String path = path("log");
    devices().create(path, MIB).close();
    try (BlockDevice first = devices().openAlone(path, Devices.Caching.CACHED)) {
      assertThat(first.alignmentBytes()).isEqualTo(1);
      assertThatThrownBy(() -> devices().openAlone(path, Devices.Caching.DIRECT))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(path);
    }
    devices().openAlone(path, Devices.Caching.DIRECT).close();
  }
}
