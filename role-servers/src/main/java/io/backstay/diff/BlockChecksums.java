package io.backstay.diff;

import io.backstay.model.Bytes;
import io.backstay.wire.Payload;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C of each {@link Payload#BLOCK_BYTES} of a stream that passes by. */
final class BlockChecksums {
  private final CRC32C crc = new CRC32C();
  private final Column whole = new Column();
  private long bytes;

  /** Takes the buffer from its position to its limit, which do not move. */
  void add(ByteBuffer passing) {
    ByteBuffer from = passing.duplicate();
    while (from.hasRemaining()) {
      int left = Payload.BLOCK_BYTES - (int) (bytes % Payload.BLOCK_BYTES);
      int now = Math.min(left, from.remaining());
      crc.update(from.slice(from.position(), now));
      from.position(from.position() + now);
      bytes += now;
      if (now == left) {
        whole.addInt((int) crc.getValue());
        crc.reset();
      }
    }
  }

  long bytes() {
    return bytes;
  }

  /** 4 bytes each, little-endian; the last block may be short. */
  Bytes checksums() {
    if (bytes % Payload.BLOCK_BYTES == 0) return whole.toBytes();
    Column all = whole.copy();
    all.addInt((int) crc.getValue());
    return all.toBytes();
  }
}
