package io.backstay.wlog;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Pieces of a buffer as little-endian fields. */
final class Fields {
  private Fields() {}

  /** The next bytes as a slice of their own; the buffer's position moves behind them. */
  static ByteBuffer take(ByteBuffer from, int length) {
    ByteBuffer taken = from.slice(from.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    from.position(from.position() + length);
    return taken;
  }

  /** Zeroes from one absolute index to another, both multiples of 8. */
  static void zero(ByteBuffer bytes, int from, int end) {
    for (int at = from; at < end; at += 8) bytes.putLong(at, 0);
  }
}
