package io.backstay.history;

import io.backstay.wire.Payload;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What those hold in memory who read chains of diffs, all of an archive together: so it does not
 * grow with the chains, nor with how many are read at a time; whoever reads alone has all of it.
 * Nobody sees what another one's chain has, and what is known of a chain is forgotten with it.
 */
public final class ChainMemory {
  private static final int BLOCKS_KEPT = 640;

  /** A disk that gives 64 KiB at a time gives half of what it gives with 256. */
  private static final int RUN_BLOCKS_MAX = 8;

  private static final int RUNS_AT_A_TIME = 8;

  /** Those that are being read, or are just used by somebody for whom they were. */
  private static final int BLOCKS_UNDER_WAY = RUNS_AT_A_TIME * RUN_BLOCKS_MAX + 32;

  /** Room for what is not read ahead. */
  private static final int BLOCKS_OF_OTHERS = 64;

  /** Of each diff the block that is used now, those before and behind it, and half of a run. */
  private static final int KEPT_BESIDE_RUN = 3;

  private static final long PAYLOAD_BYTES = 16 << 20;
  private static final long PAGE_BYTES = 8 << 20;

  /** What an extent takes in memory, about. */
  private static final int EXTENT_BYTES = 96;

  private final int blocksKept;
  private final BlockMemory memory;
  private final AtomicInteger walked = new AtomicInteger();

  /** Of wdiffs. */
  final Recent<Owned<DiffFiles.Place>, ByteBuffer> blocks;

  /** Unpacked ones of which only a piece was wanted. */
  final Recent<Owned<Unpacking.Place>, byte[]> payloads =
      new Recent<>(PAYLOAD_BYTES, payload -> payload.length);

  /** Of indexes. */
  final Recent<Owned<Long>, List<Extent>> pages =
      new Recent<>(PAGE_BYTES, page -> (long) page.size() * EXTENT_BYTES);

  final BlockReads reads = new BlockReads();
  final BlockReads runs = new BlockReads(RUNS_AT_A_TIME, RUN_BLOCKS_MAX * Payload.BLOCK_BYTES);

  /** A key, and by its identity whose it is. */
  record Owned<K>(Object owner, K key) {}

  public ChainMemory() {
    this(BLOCKS_KEPT);
  }

  ChainMemory(int blocksKept) {
    this.blocksKept = blocksKept;
    this.memory = new BlockMemory(blocksKept + BLOCKS_UNDER_WAY);
    this.blocks =
        new Recent<>(
            (long) blocksKept * Payload.BLOCK_BYTES, ByteBuffer::capacity, memory::giveBack);
  }

  /** A block to be read into. */
  ByteBuffer take() {
    return memory.take();
  }

  void giveBack(List<ByteBuffer> blocks) {
    blocks.forEach(memory::giveBack);
  }

  /** For tests: those that were taken and not given back. */
  int blocksOut() {
    return memory.out();
  }

  /** The owner's are not wanted any more. */
  void forget(Object owner) {
    blocks.forget(key -> key.owner.equals(owner));
    payloads.forget(key -> key.owner.equals(owner));
    pages.forget(key -> key.owner.equals(owner));
  }

  /** Somebody begins to go through a volume with so many diffs, or ends. */
  void walking(int diffs) {
    walked.addAndGet(diffs);
  }

  /**
   * Blocks of a run: of long chains fewer, so that none is forgotten before it is used.
   *
   * @return 1 or more
   */
  int runBlocks() {
    int each = (blocksKept - BLOCKS_OF_OTHERS) / Math.max(1, walked.get());
    return Math.clamp(2L * (each - KEPT_BESIDE_RUN) + 1, 1, RUN_BLOCKS_MAX);
  }
}
