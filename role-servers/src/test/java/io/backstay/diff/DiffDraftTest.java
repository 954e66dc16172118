package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DiffDraftTest {
  private static final int MEMORY_BYTES = 16384;

  /** Its devices take whole blocks of 4096 bytes in aligned buffers and nothing else. */
  private final MemoryDisk disk = new MemoryDisk();

  private final Directory directory = disk.directory("/d");
  private final Random random = new Random(5);

  @Test
  void piecesOfAnySizeStandOneBehindTheOther() throws IOException {
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    try (DiffDraft draft = draft()) {
      for (int i = 0; i < 50; i++) {
        ByteBuffer piece = piece(1 + random.nextInt(3 * MEMORY_BYTES));
        expected.write(bytes(piece));
        draft.write(piece);
        assertThat(piece.hasRemaining()).isFalse();
        assertThat(draft.sizeBytes()).isEqualTo(expected.size());
      }
      draft.sync();
      draft.rename("whole");
    }
    assertThat(directory.read("whole")).isEqualTo(expected.toByteArray());
  }

  @Test
  void wholeBlocksThatLieAlignedAreWrittenAsTheyLie() throws IOException {
    List<String> writes = new ArrayList<>();
    try (DiffDraft draft = draft()) {
      disk.beforeEachOperation(operation -> {
        if (operation.startsWith("write ")) writes.add(operation);
      });
      draft.write(BufferPool.aligned(10 * MEMORY_BYTES));
      assertThat(writes).hasSize(1);
    }
  }

  @Test
  void itsBytesAreDurableWhenItWasSynced() throws IOException {
    ByteBuffer content = piece(3 * MEMORY_BYTES + 5);
    byte[] expected = bytes(content);
    DiffDraft draft = draft();
    draft.write(content);
    draft.sync();
    draft.rename("whole");
    directory.sync();
    disk.powerLoss(random);
    assertThat(disk.directory("/d").read("whole")).isEqualTo(expected);
  }

  @Test
  void whatHasNoNameIsGoneWhenItIsClosed() throws IOException {
    try (DiffDraft draft = draft()) {
      draft.write(piece(100000));
    }
    assertThat(directory.list()).isEmpty();
  }

  @Test
  void whatAnEarlierProcessLeftUnderItsNameIsNotInIt() throws IOException {
    try (BlockDevice old = directory.createDevice("draft.tmp", 1 << 20)) {
      old.flush();
    }
    try (DiffDraft draft = draft()) {
      draft.write(piece(10));
      draft.sync();
      draft.rename("whole");
    }
    assertThat(directory.read("whole")).hasSize(10);
  }

  @Test
  void memoryThatDirectIoCannotUseIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DiffDraft(directory, "draft.tmp", ByteBuffer.allocate(8192)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DiffDraft(directory, "draft.tmp", BufferPool.aligned(5000)));
  }

  private DiffDraft draft() throws IOException {
    return new DiffDraft(directory, "draft.tmp", BufferPool.aligned(MEMORY_BYTES));
  }

  private ByteBuffer piece(int bytes) {
    byte[] content = new byte[bytes];
    random.nextBytes(content);
    boolean aligned = random.nextBoolean();
    ByteBuffer piece = aligned ? BufferPool.aligned(bytes) : ByteBuffer.allocate(bytes);
    return piece.put(content).flip();
  }

  private static byte[] bytes(ByteBuffer piece) {
    byte[] content = new byte[piece.remaining()];
    piece.duplicate().get(content);
    return content;
  }
}
