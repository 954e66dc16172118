package io.backstay.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.history.DiffFiles.Place;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The blocks of wdiffs: which are read with which, and when. */
class DiffFilesTest {
  private static final int SECTORS = 6000;
  private static final int RUN = 8;

  private final MemoryDisk disk = new MemoryDisk();
  private final ChainMemory memory = new ChainMemory();
  private KeptDiff kept;
  private DiffFiles files;

  @BeforeEach
  void openADiffOfManyBlocks() throws IOException {
    DiffStore store = DiffStore.open(disk.directory("/volume"));
    WrittenHistory history = new WrittenHistory(new Random(1), SECTORS, 1, 0);
    history.write(0, SECTORS, Kind.NORMAL);
    kept = WrittenHistory.store(store, history.cut());
    files = DiffFiles.open(store.pin(List.of(kept)).orElseThrow(), List.of(kept), memory);
    assertThat(blocks()).isGreaterThan(2 * RUN);
  }

  @AfterEach
  void nothingStaysInMemory() throws IOException {
    files.close();
    assertThat(memory.blocksOut()).isZero();
  }

  private int blocks() {
    return (int) ((kept.fileBytes() + Payload.BLOCK_BYTES - 1) / Payload.BLOCK_BYTES);
  }

  private void readOn(int block) {
    files.readOn(new Place(0, block), Time.system());
    files.awaitReadOn();
  }

  private boolean isThere(int block) {
    return files.isThere(new Place(0, block));
  }

  @Test
  void theNextRunIsReadBeforeItIsNeededWhenTheLastBlockOfOneIsUsed() throws IOException {
    files.fetch(new Place(0, 0));
    for (int block = 0; block < RUN - 1; block++) readOn(block);
    assertThat(isThere(RUN)).isFalse();
    readOn(RUN - 1);
    for (int block = 0; block < 2 * RUN; block++) assertThat(isThere(block)).isTrue();
    assertThat(isThere(2 * RUN)).isFalse();
  }

  @Test
  void behindTheLastBlockThereIsNothingToReadOn() throws IOException {
    files.fetch(new Place(0, blocks() - 1));
    readOn(blocks() - 1);
    assertThat(isThere(blocks() - 1)).isTrue();
  }

  @Test
  void whatCannotBeReadOnIsMetByWhoNeedsIt() throws IOException {
    files.fetch(new Place(0, 0));
    disk.rot("/volume/diffs/" + kept.diff().fileName(), (RUN + 1) * Payload.BLOCK_BYTES + 5, 3);
    readOn(RUN - 1);
    ByteBuffer into = ByteBuffer.allocate(100);
    assertThat(files.read(0, 5, into).remaining()).isEqualTo(100);
    assertThatThrownBy(() -> files.read(0, (RUN + 1) * Payload.BLOCK_BYTES, into))
        .isInstanceOf(DamagedDiffException.class)
        .hasMessageContaining("its sidecar says");
  }
}
