package io.backstay.nbd;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** The extents of one answer: neighbours of the same kind joined, within the range asked for. */
final class ExtentList implements Export.Extents {
  /** More are left out; the client asks again from there. */
  private static final int EXTENTS_MAX = 4096;

  private static final int EXTENT_BYTES = 8;

  /** Most ranges have few; those of a list that waits for its answer take memory. */
  private static final int EXTENTS_FIRST = 16;

  private final int extentsMax;
  private long[] lengths = new long[EXTENTS_FIRST];
  private int[] flags = new int[EXTENTS_FIRST];
  private int count;
  private long bytesLeft;

  private ExtentList(long rangeBytes, int extentsMax) {
    this.bytesLeft = rangeBytes;
    this.extentsMax = extentsMax;
  }

  static ExtentList of(Request request) {
    boolean one = (request.flags & Protocol.FLAG_REQ_ONE) != 0;
    return new ExtentList(request.lengthBytes, one ? 1 : EXTENTS_MAX);
  }

  @Override
  public void add(long lengthBytes, boolean hole, boolean zero) {
    long length = Math.min(lengthBytes, bytesLeft);
    if (length <= 0) return;
    int kind = (hole ? Protocol.EXTENT_HOLE : 0) | (zero ? Protocol.EXTENT_ZERO : 0);
    if (count > 0 && flags[count - 1] == kind) {
      lengths[count - 1] += length;
    } else if (count < extentsMax) {
      append(length, kind);
    } else {
      // An answer has no gaps: nothing may follow what was left out.
      bytesLeft = 0;
      return;
    }
    bytesLeft -= length;
  }

  private void append(long length, int kind) {
    if (count == lengths.length) {
      lengths = Arrays.copyOf(lengths, 2 * count);
      flags = Arrays.copyOf(flags, 2 * count);
    }
    lengths[count] = length;
    flags[count++] = kind;
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
