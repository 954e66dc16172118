package io.backstay.diff;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/** One zstd frame that names its length, without a checksum of its own. */
final class ZstdCodec implements Codec {
  /** What walb takes for its level 0. */
  private static final int LEVEL_DEFAULT = 1;

  private final ZstdCompressCtx packing = new ZstdCompressCtx();
  private final ZstdDecompressCtx unpacking = new ZstdDecompressCtx();

  ZstdCodec(int level) {
    packing.setLevel(level == 0 ? LEVEL_DEFAULT : level).setContentSize(true).setChecksum(false);
  }

  @Override
  public int compress(ByteBuffer raw, ByteBuffer into) {
    return packing.compressDirectByteBuffer(
        into, into.position(), into.remaining(), raw, raw.position(), raw.remaining());
  }

  @Override
  public int decompress(ByteBuffer stored, ByteBuffer into) throws UnreadableException {
    try {
      return unpacking.decompressDirectByteBuffer(
          into, into.position(), into.remaining(), stored, stored.position(), stored.remaining());
    } catch (ZstdException e) {
      throw new UnreadableException(e.getMessage());
    }
  }

  @Override
  public void close() {
    packing.close();
    unpacking.close();
  }
}
