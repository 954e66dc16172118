package io.backstay.diff;

import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/** Raw lz4 blocks: no frame, and nothing that says their length. */
final class Lz4Codec implements Codec {
  private final LZ4Compressor packing;
  private final LZ4SafeDecompressor unpacking;

  Lz4Codec(int level) {
    LZ4Factory factory = LZ4Factory.fastestInstance();
    packing = level == 0 ? factory.fastCompressor() : factory.highCompressor(level);
    unpacking = factory.safeDecompressor();
  }

  @Override
  public int compress(ByteBuffer raw, ByteBuffer into) {
    return packing.compress(
        raw, raw.position(), raw.remaining(), into, into.position(), into.remaining());
  }

  @Override
  public int decompress(ByteBuffer stored, ByteBuffer into) throws UnreadableException {
    try {
      return unpacking.decompress(
          stored, stored.position(), stored.remaining(), into, into.position(), into.remaining());
    } catch (LZ4Exception e) {
      throw new UnreadableException(e.getMessage());
    }
  }

  @Override
  public void close() {}
}
