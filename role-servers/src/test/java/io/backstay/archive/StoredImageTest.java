package io.backstay.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.image.Range;
import io.backstay.image.RangeHash;
import io.backstay.seam.BufferPool;
import io.backstay.twin.MemoryDisk;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StoredImageTest {
  private static final long MIB = 1 << 20;
  private static final int BLOCK = Payload.BLOCK_BYTES;
  private static final int HOLE = 9;

  @Test
  void whoReadsSeveralPlacesInTurnReadsTheirEntriesOnce() throws Exception {
    MemoryDisk disk = new MemoryDisk();
    List<Long> ranges = List.of(0L, 1500L, 3000L);
    AtomicInteger reads = new AtomicInteger();
    BufferPool pool = new BufferPool(1, (int) MIB);
    try (ImageFiles files = ImageFiles.create(disk.directory("/volume"), 1, 4096 * MIB)) {
      try (SidecarWriting entries = new SidecarWriting(files.sidecar(), 4096 * MIB)) {
        for (long range : ranges) entries.at(range).putZeroes(range);
      }
      disk.beforeEachOperation(operation -> {
        if (operation.startsWith("read") && operation.endsWith(".sums")) reads.incrementAndGet();
      });
      StoredImage image = new StoredImage(files);
      for (int i = 0; i < 10; i++) {
        for (long range : ranges)
          assertThat(image.read(range * MIB, pool.take())).isInstanceOf(Range.Zeroes.class);
      }
      assertThat(reads).hasValue(ranges.size());
    }
  }

  /** A range of 1 MiB of blocks that each hold their number, but for block 9, a hole. */
  private static ImageFiles image(MemoryDisk disk) throws IOException {
    ImageFiles files = ImageFiles.create(disk.directory("/volume"), 1, MIB);
    ByteBuffer range = BufferPool.aligned((int) MIB);
    for (int at = 0; at < MIB; at++) range.put(at, (byte) (at / BLOCK + 1));
    files.image().write(0, range);
    int[] all = Payload.checksumsOf(range.clear());
    int[] checksums = IntStream.range(0, 16).filter(i -> i != HOLE).map(i -> all[i]).toArray();
    ImageChunk chunk = new ImageChunk(0, (int) MIB, 0xffff & ~(1 << HOLE), RangeHash.of(range));
    try (SidecarWriting entries = new SidecarWriting(files.sidecar(), MIB)) {
      entries.at(0).put(0, chunk, checksums);
    }
    return files;
  }

  @Test
  void neighboursThatAreWantedAreReadAtOnceAndTheOthersAreLeft() throws Exception {
    MemoryDisk disk = new MemoryDisk();
    try (ImageFiles files = image(disk)) {
      AtomicInteger reads = new AtomicInteger();
      disk.beforeEachOperation(operation -> {
        if (operation.startsWith("read") && !operation.endsWith(".sums")) reads.incrementAndGet();
      });
      ByteBuffer into = BufferPool.aligned((int) MIB);
      for (int at = 0; at < MIB; at++) into.put(at, (byte) -1);
      int left = 3;
      new StoredImage(files).readInto(0, into, ~(1 << left), 0);

      assertThat(reads).as("0 to 2, 4 to 8, 10 to 15").hasValue(3);
      for (int block = 0; block < 16; block++) {
        int expected = block == left ? -1 : block == HOLE ? 0 : block + 1;
        byte[] content = new byte[BLOCK];
        into.get(block * BLOCK, content);
        assertThat(content).as("block %d", block).containsOnly(expected);
      }
    }
  }

  @Test
  void aBlockInTheMiddleThatIsNotWhatItWasIsFoundUnlessAnApplyRewritesIt() throws Exception {
    MemoryDisk disk = new MemoryDisk();
    int damaged = 12;
    try (ImageFiles files = image(disk)) {
      files.image().write((long) damaged * BLOCK, BufferPool.aligned(4096));
      StoredImage image = new StoredImage(files);
      ByteBuffer into = BufferPool.aligned((int) MIB);
      assertThatThrownBy(() -> image.readInto(0, into, ~0, 1 << damaged - 1))
          .isInstanceOfSatisfying(
              CorruptImageException.class,
              e -> assertThat(e.offset()).isEqualTo((long) damaged * BLOCK));
      image.readInto(0, into, ~0, 1 << damaged);
      image.readInto(0, into, ~(1 << damaged), 0);
      ByteBuffer half = BufferPool.aligned((int) MIB / 2);
      assertThatThrownBy(() -> image.readInto(MIB / 2, half, ~0, 0))
          .isInstanceOf(CorruptImageException.class);
    }
  }
}
