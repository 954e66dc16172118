package io.backstay.seam;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every {@link SharedMemories} does. */
public abstract class SharedMemoriesContract {
  private static final String NAME = "contract-%d".formatted(ProcessHandle.current().pid());
  private static final int BYTES = 16 * 4096;

  protected abstract SharedMemories memories();

  @AfterEach
  void forget() throws IOException {
    memories().delete(NAME);
  }

  @Test
  void whatWasWrittenIsThereWhenItIsOpenedAgain() throws IOException {
    try (SharedMemory memory = memories().create(NAME, BYTES)) {
      assertThat(memory.sizeBytes()).isEqualTo(BYTES);
      assertThat(memory.get(4096)).as("zero at first").isZero();
      ByteBuffer text = ByteBuffer.wrap("a block".getBytes(StandardCharsets.US_ASCII));
      memory.put(5000, text);
      assertThat(text.remaining()).as("the buffer stays").isEqualTo(7);
      memory.set(4096, 0x0102030405060708L);
    }
    try (SharedMemory again = memories().open(NAME).orElseThrow()) {
      assertThat(again.get(4096)).isEqualTo(0x0102030405060708L);
      assertThat(again.slice(4096, 8).get(0)).as("little-endian").isEqualTo((byte) 8);
      byte[] found = new byte[7];
      again.slice(5000, 7).get(found);
      assertThat(new String(found, StandardCharsets.US_ASCII)).isEqualTo("a block");
    }
  }

  @Test
  void slicesAreForDirectIo() throws IOException {
    try (SharedMemory memory = memories().create(NAME, BYTES)) {
      assertThat(BufferPool.isAligned(memory.slice(8192, 4096))).isTrue();
    }
  }

  @Test
  void aNewOneReplacesTheOldAndADeletedOneIsGone() throws IOException {
    try (SharedMemory memory = memories().create(NAME, BYTES)) {
      memory.set(0, 1);
    }
    try (SharedMemory memory = memories().create(NAME, BYTES)) {
      assertThat(memory.get(0)).isZero();
    }
    memories().delete(NAME);
    memories().delete(NAME);
    assertThat(memories().open(NAME)).isEmpty();
  }

  @Test
  void theBootHasAName() throws IOException {
    assertThat(memories().bootId()).isNotBlank().isEqualTo(memories().bootId());
  }
}
