package io.backstay.wdiff;

import io.backstay.model.Compression;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Pieces of a buffer as little-endian fields. */
final class Fields {
  private static final Compression.Type[] COMPRESSIONS = Compression.Type.values();

  private Fields() {}

  /** The next bytes as a slice of their own; the buffer's position moves behind them. */
  static ByteBuffer take(ByteBuffer from, int length) {
    ByteBuffer taken = from.slice(from.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    from.position(from.position() + length);
    return taken;
  }

  /** Zeroes from one absolute index to another, a multiple of 8 apart. */
  static void zero(ByteBuffer bytes, int from, int end) {
    for (int at = from; at < end; at += 8) bytes.putLong(at, 0);
  }

  /** The compression of that number. */
  static Compression.Type compression(byte number) throws MalformedDiffException {
    int index = number & 0xff;
    if (index < COMPRESSIONS.length) return COMPRESSIONS[index];
    throw new MalformedDiffException(
        "compression %d, allowed are 0 to %d".formatted(index, COMPRESSIONS.length - 1));
  }
}
