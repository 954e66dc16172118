package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Compression;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.twin.MemoryDisk;
import io.backstay.wdiff.DiffRecord.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Zeroes and discards become zeroes (rule L7), and nothing else changes. */
class DiffApplyTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 512, 4096})
  void onADeviceOfAnyAlignmentItChangesTheDiffsSectorsAndNoOthers(int alignment)
      throws IOException {
    for (int seed = 0; seed < 100; seed++) {
      RandomLog log = new RandomLog(seed);
      byte[] image = log.image();
      new Random(seed).nextBytes(image);
      BlockDevice device = device(alignment, image);
      for (int i = 0; i < 3; i++) {
        DiffBuilder next = log.next(image);
        byte[] wdiff = Wdiffs.written(Compression.DEFAULT, next::writeTo);
        try (DiffMerge diffs = Wdiffs.merge(wdiff)) {
          new DiffApply(device).writeAll(diffs);
        }
      }
      assertThat(Arrays.equals(content(device), image)).as("seed %d", seed).isTrue();
    }
  }

  @Test
  void doneAgainItChangesNothing() throws IOException {
    byte[] image = new byte[65536];
    BlockDevice device = device(4096, image);
    byte[] wdiff = Wdiffs.sample("s512.sorted.snappy.wdiff");
    for (int i = 0; i < 2; i++) {
      try (DiffMerge diffs = Wdiffs.merge(wdiff)) {
        new DiffApply(device).writeAll(diffs);
      }
    }
    assertThat(Wdiffs.sha256(content(device)))
        .isEqualTo("5665e318f200707e6625a54dda9dce9092f3ec2e237689884b5880aa861f1ab0");
  }

  @Test
  void aDiffThatReachesBehindTheImageIsRefused() throws IOException {
    BlockDevice device = device(4096, new byte[8192]);
    byte[] wdiff =
        Wdiffs.written(
            Compression.NONE, out -> out.add(10, 7, Kind.DISCARD, ByteBuffer.allocateDirect(0)));
    try (DiffMerge diffs = Wdiffs.merge(wdiff)) {
      assertThatThrownBy(() -> new DiffApply(device).writeAll(diffs))
          .isInstanceOf(DiffBeyondImageException.class)
          .hasMessageContaining("from byte 5120 to 8704");
    }
  }

  private static BlockDevice device(int alignment, byte[] content) throws IOException {
    BlockDevice device =
        new MemoryDisk(alignment).directory("/a").createDevice("image", content.length);
    device.write(0, BufferPool.aligned(content.length).put(content).flip());
    return device;
  }

  private static byte[] content(BlockDevice device) throws IOException {
    byte[] content = new byte[(int) device.sizeBytes()];
    ByteBuffer all = BufferPool.aligned(content.length);
    device.read(0, all);
    all.flip().get(content);
    return content;
  }
}
