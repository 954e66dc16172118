package io.backstay.diff;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** What walb calls gzip: a zlib stream (RFC 1950). */
final class ZlibCodec implements Codec {
  private final Deflater packing;
  private final Inflater unpacking = new Inflater();

  ZlibCodec(int level) {
    packing = new Deflater(level == 0 ? Deflater.DEFAULT_COMPRESSION : level);
  }

  @Override
  public int compress(ByteBuffer raw, ByteBuffer into) {
    packing.reset();
    packing.setInput(raw);
    packing.finish();
    int bytes = packing.deflate(into);
    if (!packing.finished())
      throw new IllegalStateException("zlib needs more than %d bytes".formatted(bytes));
    return bytes;
  }

  @Override
  public int decompress(ByteBuffer stored, ByteBuffer into) throws UnreadableException {
    unpacking.reset();
    unpacking.setInput(stored);
    try {
      int bytes = unpacking.inflate(into);
      // The end of the stream, with its checksum, may stand behind the last byte of data.
      if (!unpacking.finished()) unpacking.inflate(ByteBuffer.allocate(1));
      if (!unpacking.finished() || stored.hasRemaining())
        throw new UnreadableException(
            "the stream does not end behind %d bytes of data".formatted(bytes));
      return bytes;
    } catch (DataFormatException e) {
      throw new UnreadableException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() {
    packing.end();
    unpacking.end();
  }
}
