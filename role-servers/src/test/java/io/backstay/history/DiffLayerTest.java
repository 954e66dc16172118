package io.backstay.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Rule X8: a chain of diffs read as one. */
class DiffLayerTest {
  private static final int MIB = 1 << 20;
  private static final int SECTORS = 10_001;
  private final MemoryDisk disk = new MemoryDisk();
  private final DiffStore store = open();

  /** Less than its chains need, so that much is forgotten. */
  private final ChainMemory memory = new ChainMemory(24);

  private DiffStore open() {
    try {
      return DiffStore.open(disk.directory("/volume"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<KeptDiff> store(List<WrittenHistory.Sent> sent) throws IOException {
    return store(store, sent);
  }

  private static List<KeptDiff> store(DiffStore into, List<WrittenHistory.Sent> sent)
      throws IOException {
    List<KeptDiff> chain = new ArrayList<>();
    for (WrittenHistory.Sent one : sent) chain.add(WrittenHistory.store(into, one));
    return chain;
  }

  private DiffLayer layer(List<KeptDiff> chain) throws IOException {
    return DiffLayer.open(store.pin(chain).orElseThrow(), chain, memory);
  }

  /** The image that the layer makes of an older one, range by range. */
  private static byte[] over(byte[] base, int sizeBytes, DiffLayer layer) throws IOException {
    byte[] result = Arrays.copyOf(base, sizeBytes);
    ByteBuffer range = BufferPool.aligned(MIB);
    for (int at = 0; at < sizeBytes; at += MIB) {
      int length = Math.min(MIB, sizeBytes - at);
      DiffLayer.Overlay overlay = layer.over(at, length);
      range.clear().limit(length).put(result, at, length).flip();
      for (int i = 0; i < Payload.blocks(length); i++) {
        // What is covered is not read from the base.
        if ((overlay.covered() >>> i & 1) == 0) continue;
        for (int b = i * Payload.BLOCK_BYTES;
            b < Math.min(length, (i + 1) * Payload.BLOCK_BYTES);
            b++) range.put(b, (byte) 0x55);
      }
      overlay.putInto(range);
      byte[] composed = new byte[length];
      range.get(0, composed);
      for (int i = 0; i < Payload.blocks(length); i++) {
        int from = i * Payload.BLOCK_BYTES;
        int end = Math.min(length, from + Payload.BLOCK_BYTES);
        boolean same =
            Arrays.equals(composed, from, end, Arrays.copyOf(base, sizeBytes), at + from, at + end);
        if (!same) assertThat(overlay.touched() >>> i & 1).isEqualTo(1);
      }
      System.arraycopy(composed, 0, result, at, length);
    }
    return result;
  }

  @Test
  void anImageUnderItsDiffsIsWhatTheVolumeWas() throws IOException {
    for (long seed = 0; seed < 12; seed++) {
      DiffStore mine = DiffStore.open(disk.directory("/volume-" + seed));
      WrittenHistory history = new WrittenHistory(new Random(seed), SECTORS, 1, 0);
      List<KeptDiff> chain = store(mine, history.cuts(12, 30));
      for (int from = 0; from < 10; from += 4) {
        List<KeptDiff> part = chain.subList(from, 12 - from / 5);
        try (DiffLayer layer = DiffLayer.open(mine.pin(part).orElseThrow(), part, memory)) {
          long end = part.getLast().end().gid();
          assertThat(over(history.at(from), history.at(end).length, layer))
              .as("seed %d from %d to %d", seed, from, end)
              .isEqualTo(history.at(end));
        }
      }
    }
  }

  @Test
  void moreDiffsThanAreMergedAtOnceAreReadAsOne() throws IOException {
    WrittenHistory history = new WrittenHistory(new Random(3), 1000, 1, 0);
    List<KeptDiff> chain = store(history.cuts(300, 4));
    try (DiffLayer layer = layer(chain)) {
      assertThat(over(history.at(0), 1000 * 512, layer)).isEqualTo(history.now());
    }
    assertThat(disk.directory("/volume/diffs").list()).noneMatch(name -> name.endsWith(".tmp"));
  }

  @Test
  void thoseWhoReadAtTheSameTimeShareMemoryAndLeaveNothingInIt() throws Exception {
    List<Thread> readers = new ArrayList<>();
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 6; i++) {
      DiffStore mine = DiffStore.open(disk.directory("/volume-" + i));
      WrittenHistory history = new WrittenHistory(new Random(i), SECTORS, 1, 0);
      List<KeptDiff> chain = store(mine, history.cuts(10, 40));
      readers.add(
          Thread.ofPlatform()
              .start(() -> {
                try (DiffLayer layer =
                    DiffLayer.open(mine.pin(chain).orElseThrow(), chain, memory)) {
                  for (int turn = 0; turn < 3; turn++) {
                    for (int at = 0; at < history.now().length; at += Payload.BLOCK_BYTES)
                      layer.over(at, Payload.BLOCK_BYTES).fetch(Time.system()).close();
                    assertThat(over(history.at(0), history.now().length, layer))
                        .isEqualTo(history.now());
                  }
                } catch (IOException | AssertionError e) {
                  failures.add(e);
                }
              }));
    }
    for (Thread reader : readers) reader.join();
    assertThat(failures).isEmpty();
    assertThat(memory.blocksOut()).isZero();
  }

  @Test
  void aVolumeThatGrewMeanwhileIsReadToItsNewEnd() throws IOException {
    WrittenHistory history = new WrittenHistory(new Random(4), SECTORS, 1, 0);
    List<WrittenHistory.Sent> sent = new ArrayList<>(history.cuts(3, 20));
    history.grow(2 * SECTORS);
    sent.addAll(history.cuts(3, 20));
    try (DiffLayer layer = layer(store(sent))) {
      assertThat(over(history.at(0), 2 * SECTORS * 512, layer)).isEqualTo(history.now());
    }
  }

  @Test
  void whatNoDiffHoldsIsSkipped() throws IOException {
    WrittenHistory history = new WrittenHistory(new Random(5), SECTORS, 1, 0);
    history.write(5000, 7, io.backstay.wdiff.DiffRecord.Kind.DISCARD);
    try (DiffLayer layer = layer(store(List.of(history.cut())))) {
      assertThat(layer.nextHeld(0)).contains(5000L * 512);
      assertThat(layer.nextHeld(5006L * 512 + 1)).contains(5006L * 512 + 1);
      assertThat(layer.nextHeld(5007L * 512)).isEqualTo(Optional.empty());
      assertThat(layer.over(0, MIB).isEmpty()).isTrue();
    }
  }

  @Test
  void aLayerWithoutDiffsHoldsNothing() throws IOException {
    try (DiffLayer layer = layer(List.of())) {
      assertThat(layer.nextHeld(0)).isEmpty();
      assertThat(layer.over(0, MIB).isEmpty()).isTrue();
    }
  }

  @Test
  void anyBitThatRotsInAWdiffIsNoticedBeforeItIsUsedRuleX3() throws IOException {
    WrittenHistory history = new WrittenHistory(new Random(6), SECTORS, 1, 0);
    KeptDiff kept = store(history.cuts(1, 60)).getFirst();
    String path = "/volume/diffs/" + kept.diff().fileName();
    Random random = new Random(7);
    for (int i = 0; i < 60; i++) {
      long at = random.nextLong(kept.fileBytes());
      int bit = random.nextInt(8);
      disk.rot(path, at, bit);
      assertThatThrownBy(
              () -> {
                try (DiffLayer layer = layer(List.of(kept))) {
                  assertThat(over(history.at(0), SECTORS * 512, layer)).isEqualTo(history.now());
                  // Nobody looked at it: the last pack, or what is behind the end.
                  throw new DamagedDiffException(kept, at, "not read");
                }
              })
          .as("bit %d of byte %d", bit, at)
          .isInstanceOf(DamagedDiffException.class);
      disk.rot(path, at, bit);
    }
  }

  @Test
  void theDiffsOfALayerStayReadableWhateverReplacesThem() throws IOException {
    WrittenHistory history = new WrittenHistory(new Random(8), SECTORS, 1, 0);
    List<KeptDiff> chain = store(history.cuts(6, 30));
    try (DiffLayer layer = layer(chain)) {
      store.forgetUpTo(4, "image |4|");
      assertThat(over(history.at(0), SECTORS * 512, layer)).isEqualTo(history.now());
    }
    assertThat(store.all()).hasSize(2);
    assertThat(disk.directory("/volume/diffs").list()).hasSize(2 * 2 + 1);
  }
}
