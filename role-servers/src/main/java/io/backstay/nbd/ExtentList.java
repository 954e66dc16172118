package io.backstay.nbd;

import io.netty.buffer.ByteBuf;

/** The extents of one answer: neighbours of the same kind joined, within the range asked for. */
final class ExtentList implements Export.Extents {
  /** More are left out; the client asks again from there. */
  private static final int EXTENTS_MAX = 4096;

  private static final int EXTENT_BYTES = 8;

  private final long[] lengths = new long[EXTENTS_MAX];
  private final int[] flags = new int[EXTENTS_MAX];
  private int extentsMax;
  private int count;
  private long bytesLeft;

  void begin(long rangeBytes, boolean one) {
    bytesLeft = rangeBytes;
    extentsMax = one ? 1 : EXTENTS_MAX;
    count = 0;
  }

  @Override
  public void add(long lengthBytes, boolean hole, boolean zero) {
    long length = Math.min(lengthBytes, bytesLeft);
    if (length <= 0) return;
    int kind = (hole ? Protocol.EXTENT_HOLE : 0) | (zero ? Protocol.EXTENT_ZERO : 0);
    if (count > 0 && flags[count - 1] == kind) {
      lengths[count - 1] += length;
    } else if (count < extentsMax) {
      lengths[count] = length;
      flags[count++] = kind;
    } else {
      // An answer has no gaps: nothing may follow what was left out.
      bytesLeft = 0;
      return;
    }
    bytesLeft -= length;
  }

  /** What nothing was said of holds data, as far as anybody knows. */
  void end() {
    if (count == 0) add(bytesLeft, false, false);
  }

  int sizeBytes() {
    return count * EXTENT_BYTES;
  }

  void write(ByteBuf to) {
    for (int i = 0; i < count; i++) to.writeInt((int) lengths[i]).writeInt(flags[i]);
  }
}
