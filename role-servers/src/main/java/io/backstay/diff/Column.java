package io.backstay.diff;

import io.backstay.model.Bytes;
import java.util.Arrays;

/** Numbers of one width behind each other, little-endian, as sidecars have them. */
final class Column {
  private byte[] content = new byte[256];
  private int bytes;

  void addInt(int number) {
    append(number, Integer.BYTES);
  }

  void addLong(long number) {
    append(number, Long.BYTES);
  }

  private void append(long number, int width) {
    if (content.length - bytes < width) content = Arrays.copyOf(content, 2 * content.length);
    for (int i = 0; i < width; i++) content[bytes++] = (byte) (number >>> Byte.SIZE * i);
  }

  Column copy() {
    Column copy = new Column();
    copy.content = content.clone();
    copy.bytes = bytes;
    return copy;
  }

  Bytes toBytes() {
    return Bytes.of(Arrays.copyOf(content, bytes));
  }
}
