package io.backstay.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.image.Range;
import io.backstay.seam.BufferPool;
import io.backstay.twin.MemoryDisk;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StoredImageTest {
  private static final long MIB = 1 << 20;

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
}
