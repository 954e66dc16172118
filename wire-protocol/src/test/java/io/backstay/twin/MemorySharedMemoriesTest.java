package io.backstay.twin;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.SharedMemories;
import io.backstay.seam.SharedMemoriesContract;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemorySharedMemoriesTest extends SharedMemoriesContract {
  private final MemoryDisk disk = new MemoryDisk();

  @Override
  protected SharedMemories memories() {
    return disk.sharedMemories();
  }

  @Test
  void itOutlivesTheProcessButNotThePower() throws IOException {
    memories().create("tail", 4096).set(8, 7);
    String boot = memories().bootId();
    disk.processDeath();
    assertThat(memories().open("tail").orElseThrow().get(8)).isEqualTo(7);
    assertThat(memories().bootId()).isEqualTo(boot);
    disk.powerLoss(new Random(1));
    assertThat(memories().open("tail")).isEmpty();
    assertThat(memories().bootId()).isNotEqualTo(boot);
  }
}
