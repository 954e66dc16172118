package io.backstay.diff;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.xerial.snappy.Snappy;

/** Raw snappy blocks, without stream framing. It has no levels. */
final class SnappyCodec implements Codec {
  @Override
  public int compress(ByteBuffer raw, ByteBuffer into) {
    try {
      return Snappy.compress(raw, into);
    } catch (IOException e) {
      throw new IllegalStateException("snappy, %d bytes".formatted(raw.remaining()), e);
    }
  }

  @Override
  public int decompress(ByteBuffer stored, ByteBuffer into) throws UnreadableException {
    try {
      // The block says its length first, and the library trusts that there is room for as much.
      int bytes = Snappy.uncompressedLength(stored);
      if (bytes != into.remaining())
        throw new UnreadableException("it says that it has %d bytes".formatted(bytes));
      return Snappy.uncompress(stored, into);
    } catch (IOException e) {
      throw new UnreadableException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() {}
}
