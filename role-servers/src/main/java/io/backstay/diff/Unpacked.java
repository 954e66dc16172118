package io.backstay.diff;

import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.MalformedDiffException;
import java.nio.ByteBuffer;

/** The last payload that was unpacked, so that its pieces unpack it once. */
final class Unpacked {
  private static final int FIRST_BYTES = 64 << 10;

  private ByteBuffer room = ByteBuffer.allocateDirect(0);
  private boolean filled;

  /** The payload of which this holds the data, or will from now on. */
  ByteBuffer of(String name, Codecs codecs, DiffRecord record, ByteBuffer stored)
      throws MalformedDiffException {
    if (!filled) {
      int bytes = record.rawBytes();
      if (room.capacity() < bytes) room = ByteBuffer.allocateDirect(Math.max(bytes, FIRST_BYTES));
      room.clear().limit(bytes);
      try {
        codecs.unpack(record, stored, room);
      } catch (MalformedDiffException e) {
        throw new MalformedDiffException(
            "%s, sector %d: %s".formatted(name, record.offsetSectors(), e.getMessage()));
      }
      room.flip();
      filled = true;
    }
    return room.slice();
  }

  void forget() {
    filled = false;
  }
}
