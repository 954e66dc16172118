package io.backstay.sim;

import java.io.IOException;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** The bytes of a volume at one moment, as the model knows them; versions share what is equal. */
final class Image {
  static final int RANGE_BYTES = 1 << 20;
  private static final int BLOCK_BYTES = 64 * 1024;

  private final long sizeBytes;
  private final byte[][] ranges;

  private Image(long sizeBytes, byte[][] ranges) {
    this.sizeBytes = sizeBytes;
    this.ranges = ranges;
  }

  /** Random bytes with zeroes between them: single blocks, whole ranges and long stretches. */
  static Image random(long sizeBytes, RandomGenerator random) {
    byte[][] ranges = new byte[(int) ((sizeBytes + RANGE_BYTES - 1) / RANGE_BYTES)][];
    double zeroRanges = random.nextDouble() * 0.6;
    for (int i = 0; i < ranges.length; i++) {
      int length = (int) Math.min(RANGE_BYTES, sizeBytes - (long) i * RANGE_BYTES);
      ranges[i] = new byte[length];
      if (random.nextDouble() < zeroRanges) continue;
      for (int at = 0; at < length; at += BLOCK_BYTES) {
        if (random.nextInt(3) > 0) fill(ranges[i], at, random);
      }
    }
    return new Image(sizeBytes, ranges);
  }

  /** Mostly random, now and then only a few bytes of a block. */
  private static void fill(byte[] range, int at, RandomGenerator random) {
    int length = Math.min(BLOCK_BYTES, range.length - at);
    if (random.nextInt(8) == 0) {
      range[at + random.nextInt(length)] = 1;
      return;
    }
    byte[] block = new byte[length];
    random.nextBytes(block);
    System.arraycopy(block, 0, range, at, length);
  }

  long sizeBytes() {
    return sizeBytes;
  }

  int ranges() {
    return ranges.length;
  }

  byte[] range(int i) {
    return ranges[i];
  }

  /** The same image with one range replaced. */
  Image with(int i, byte[] range) {
    byte[][] next = ranges.clone();
    next[i] = range;
    return new Image(sizeBytes, next);
  }

  /** Another content for a range: new blocks, or zeroes. */
  byte[] changed(int i, RandomGenerator random) {
    byte[] range = ranges[i].clone();
    int at = random.nextInt((range.length + BLOCK_BYTES - 1) / BLOCK_BYTES) * BLOCK_BYTES;
    if (random.nextInt(4) == 0) Arrays.fill(range, (byte) 0);
    else fill(range, at, random);
    // Never the same by chance: what counts as a change must be one.
    if (Arrays.equals(range, ranges[i])) range[at] ^= 0x55;
    return range;
  }

  /** Number of data bytes in blocks that are not all zero: what a transfer of all would send. */
  long dataBytes() {
    long bytes = 0;
    for (byte[] range : ranges) {
      for (int at = 0; at < range.length; at += BLOCK_BYTES) {
        int end = Math.min(range.length, at + BLOCK_BYTES);
        if (!isZero(range, at, end)) bytes += end - at;
      }
    }
    return bytes;
  }

  private static boolean isZero(byte[] bytes, int from, int end) {
    for (int i = from; i < end; i++) if (bytes[i] != 0) return false;
    return true;
  }

  /** Whether the block that holds this byte has data in it. */
  boolean hasDataAt(long offset) {
    byte[] range = ranges[(int) (offset / RANGE_BYTES)];
    int from = (int) (offset % RANGE_BYTES) / BLOCK_BYTES * BLOCK_BYTES;
    return !isZero(range, from, Math.min(range.length, from + BLOCK_BYTES));
  }

  /**
   * Position of the first range below {@code upTo} that differs from what lies at the path, or -1.
   */
  long firstDifference(SimulatedNode node, String path, long upTo) throws IOException {
    for (int i = 0; i < ranges.length && (long) i * RANGE_BYTES < upTo; i++) {
      long from = (long) i * RANGE_BYTES;
      byte[] found = node.read(path, from, (int) Math.min(RANGE_BYTES, upTo - from));
      if (!Arrays.equals(found, 0, found.length, ranges[i], 0, found.length)) return from;
      if (found.length < Math.min(ranges[i].length, upTo - from)) return from;
    }
    return -1;
  }
}
