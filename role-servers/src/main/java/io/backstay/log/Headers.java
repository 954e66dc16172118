package io.backstay.log;

import io.backstay.seam.BufferPool;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.PackBuilder;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * Makes the header of a pack from its entries and puts it in front of their bytes in the tail. The
 * same entries give the same header, byte for byte, in whatever process. Not thread-safe.
 */
final class Headers {
  private final TailMemory memory;
  private final IntSupplier salt;
  private final ByteBuffer block = BufferPool.aligned(LogRing.BLOCK_BYTES);

  /**
   * @param salt of the session that is
   */
  Headers(TailMemory memory, IntSupplier salt) {
    this.memory = memory;
    this.salt = salt;
  }

  PackHeader put(long lsid, List<Entry> entries) {
    PackBuilder pack = new PackBuilder(LogRing.BLOCK_BYTES, lsid);
    for (Entry entry : entries) add(pack, entry);
    PackHeader header = pack.build();
    header.write(block.clear(), salt.getAsInt());
    memory.putBlock(lsid, block.flip());
    return header;
  }

  private void add(PackBuilder pack, Entry entry) {
    long sectors = entry.lengthBytes() / LogLayout.SECTOR_BYTES;
    long offset = entry.offset() / LogLayout.SECTOR_BYTES;
    switch (entry.kind()) {
      case WRITE -> pack.addWrite(offset, (int) sectors, checksum(entry));
      case DISCARD -> pack.addDiscard(offset, sectors);
      case PADDING -> pack.addPadding(entry.blocks());
    }
  }

  private int checksum(Entry entry) {
    int[] sum = {salt.getAsInt()};
    memory.bytes(
        entry.lsid(),
        0,
        (int) entry.lengthBytes(),
        (from, part) -> sum[0] = WalbChecksum.sum(sum[0], part));
    return WalbChecksum.ofSum(sum[0]);
  }
}
