package io.backstay.wlog;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * The checksum of walb's formats: the negated sum of a salt and of the bytes as little-endian
 * 32-bit words, modulo 2<sup>32</sup>; a last word that is not complete is completed with zeroes. A
 * block that holds its own checksum is summed with zero there to make it, and as it is to check it:
 * then the result is 0.
 *
 * <p>It runs over every byte that is logged, at 20 GB/s and more. It does not notice words that
 * changed places, and a block of zeroes has the checksum {@code -salt}.
 *
 * <p>A sum may be made of pieces, each but the last a multiple of 4 bytes long: {@code
 * ofSum(sum(sum(salt, a), b))}. Buffers are looked at from position to limit, or at the absolute
 * range given, and never changed; their byte order does not matter.
 */
public final class WalbChecksum {
  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle ARRAY_LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private WalbChecksum() {}

  /** The checksum of the buffer's remaining bytes. */
  public static int of(ByteBuffer bytes, int salt) {
    return ofSum(sum(salt, bytes, bytes.position(), bytes.remaining()));
  }

  /** The checksum of {@code length} bytes from the absolute index {@code from}. */
  public static int of(ByteBuffer bytes, int from, int length, int salt) {
    return ofSum(sum(salt, bytes, from, length));
  }

  /** The checksum that belongs to a sum which began with the salt. */
  public static int ofSum(int sum) {
    return -sum;
  }

  /** Adds the buffer's remaining bytes to a sum. */
  public static int sum(int before, ByteBuffer bytes) {
    return sum(before, bytes, bytes.position(), bytes.remaining());
  }

  /** Adds {@code length} bytes from the absolute index {@code from} to a sum. */
  public static int sum(int before, ByteBuffer bytes, int from, int length) {
    Objects.checkFromIndexSize(from, length, bytes.limit());
    int whole = length & -8;
    int sum = before + (bytes.hasArray() ? onHeap(bytes, from, whole) : direct(bytes, from, whole));
    for (int i = whole, shift = 0; i < length; i++, shift += 8) {
      sum += (bytes.get(from + i) & 0xff) << shift; // a shift counts modulo 32, as the words do
    }
    return sum;
  }

  // The low half of a sum of longs is the sum of their low words; the high words go beside. Plain
  // loops over one kind of memory each: the compiler makes vectors of them.

  private static int direct(ByteBuffer bytes, int from, int length) {
    long low = 0;
    long high = 0;
    for (int at = from, end = from + length; at < end; at += 8) {
      long two = (long) LONGS.get(bytes, at);
      low += two;
      high += two >>> 32;
    }
    return (int) low + (int) high;
  }

  private static int onHeap(ByteBuffer bytes, int from, int length) {
    byte[] array = bytes.array();
    long low = 0;
    long high = 0;
    for (int at = bytes.arrayOffset() + from, end = at + length; at < end; at += 8) {
      long two = (long) ARRAY_LONGS.get(array, at);
      low += two;
      high += two >>> 32;
    }
    return (int) low + (int) high;
  }
}
