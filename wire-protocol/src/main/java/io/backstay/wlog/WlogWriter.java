package io.backstay.wlog;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.OptionalLong;

/**
 * Writes one wlog. The caller gives each pack's header, then its data in pieces of any length, in
 * blocks: also what stands behind the end of a write in its last block. The data's checksums are
 * the caller's: this only sees to it that nothing is left out. Not for several threads.
 */
public final class WlogWriter {
  private final WritableByteChannel out;
  private final WlogHeader header;
  private final ByteBuffer block;
  private long lsid;
  private long dataLeft;
  private boolean ended;

  private WlogWriter(WritableByteChannel out, WlogHeader header) {
    this.out = out;
    this.header = header;
    this.block = ByteBuffer.allocate(header.blockBytes());
    this.lsid = header.beginLsid();
  }

  /** Writes the file's header. */
  public static WlogWriter begin(WritableByteChannel out, WlogHeader header) throws IOException {
    ByteBuffer first = ByteBuffer.allocate(WlogHeader.SIZE_BYTES);
    header.write(first);
    WlogWriter writer = new WlogWriter(out, header);
    writer.write(first.flip());
    return writer;
  }

  /** Where the next pack belongs. */
  public long lsid() {
    return lsid;
  }

  /** Writes a pack's header; its {@link PackHeader#dataBlocks()} blocks of data come next. */
  public void pack(PackHeader pack) throws IOException {
    OptionalLong end = header.endLsid();
    require(
        pack.lsid() == lsid && pack.blockBytes() == header.blockBytes(),
        "a pack at lsid %d with blocks of %d bytes".formatted(pack.lsid(), pack.blockBytes()));
    require(
        end.isEmpty() || pack.nextLsid() <= end.getAsLong(),
        "a pack that reaches to lsid " + pack.nextLsid());
    block.clear();
    pack.write(block, header.salt());
    write(block.flip());
    lsid = pack.nextLsid();
    dataLeft = (long) pack.dataBlocks() * header.blockBytes();
  }

  /** Writes the next piece of the pack's data, from the buffer's position to its limit. */
  public void data(ByteBuffer blocks) throws IOException {
    if (blocks.remaining() > dataLeft) {
      throw new IllegalStateException(
          "%d bytes of data, the pack before lsid %d has room for %d"
              .formatted(blocks.remaining(), lsid, dataLeft));
    }
    dataLeft -= blocks.remaining();
    write(blocks);
  }

  /** Writes the block that ends a wlog. The channel stays open, and may take another wlog. */
  public void end() throws IOException {
    OptionalLong end = header.endLsid();
    require(end.isEmpty() || end.getAsLong() == lsid, "the end");
    block.clear();
    PackHeader.writeEnd(block, header.blockBytes(), header.salt());
    write(block.flip());
    ended = true;
  }

  private void require(boolean fits, String what) {
    if (fits && dataLeft == 0 && !ended) return;
    throw new IllegalStateException(
        "%s does not fit here: %s stands at lsid %d, %d bytes of its pack are not written%s"
            .formatted(what, header, lsid, dataLeft, ended ? ", and it was ended" : ""));
  }

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) out.write(bytes);
  }
}
