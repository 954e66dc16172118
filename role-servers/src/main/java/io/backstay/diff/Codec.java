package io.backstay.diff;

import java.nio.ByteBuffer;

/** One compression of payloads; for one thread. Buffers are direct, from position to limit. */
interface Codec extends AutoCloseable {
  /**
   * @param into with {@link Codecs#roomFor} bytes
   * @return bytes that the result has, also where that is more than there were
   */
  int compress(ByteBuffer raw, ByteBuffer into);

  /**
   * @return bytes that the result has, at most those left in {@code into}
   * @throws UnreadableException where it is not of this compression, or longer than that
   */
  int decompress(ByteBuffer stored, ByteBuffer into) throws UnreadableException;

  @Override
  void close();

  /** Bytes that do not unpack. */
  final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnreadableException(String found) {
      super(found, null, false, false);
    }
  }
}
