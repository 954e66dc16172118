package io.backstay.wire;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Bulk bytes of a frame with one CRC32C per {@link #BLOCK_BYTES}. The checksums are computed once,
 * where the bytes were read from the volume; they travel in the frame, are verified by the receiver
 * before it uses the bytes, and are what the archive keeps beside its image: one checksum from the
 * source's memory to the disk.
 *
 * <p>A payload is closed exactly once, by whoever uses it last.
 */
public final class Payload implements AutoCloseable {
  /** Granularity of checksums and of zero detection. */
  public static final int BLOCK_BYTES = 64 * 1024;

  /** Most bytes that one frame carries. */
  public static final int BYTES_MAX = 4 * 1024 * 1024;

  private static final Payload NONE = new Payload(ByteBuffer.allocate(0), new int[0], () -> {});

  private final ByteBuffer bytes;
  private final int[] checksums;
  private final Runnable release;
  private boolean closed;

  private Payload(ByteBuffer bytes, int[] checksums, Runnable release) {
    this.bytes = bytes;
    this.checksums = checksums;
    this.release = release;
  }

  public static Payload none() {
    return NONE;
  }

  /** A payload of the buffer's remaining bytes, with checksums computed now. */
  public static Payload of(ByteBuffer bytes, Runnable release) {
    return new Payload(bytes.slice(), checksumsOf(bytes), release);
  }

  /** A payload as it arrived: the checksums are the sender's, not yet compared with the bytes. */
  public static Payload received(ByteBuffer bytes, int[] checksums, Runnable release) {
    if (checksums.length != blocks(bytes.remaining())) {
      throw new IllegalArgumentException(
          "%d checksums for a payload of %d bytes".formatted(checksums.length, bytes.remaining()));
    }
    return new Payload(bytes.slice(), checksums.clone(), release);
  }

  /** Number of checksums for so many bytes. */
  public static int blocks(int bytes) {
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
  }

  /** One CRC32C per block of the buffer's remaining bytes; the last block may be short. */
  public static int[] checksumsOf(ByteBuffer bytes) {
    int[] checksums = new int[blocks(bytes.remaining())];
    CRC32C crc = new CRC32C();
    for (int i = 0; i < checksums.length; i++) {
      int from = i * BLOCK_BYTES;
      crc.reset();
      crc.update(
          bytes.slice(bytes.position() + from, Math.min(BLOCK_BYTES, bytes.remaining() - from)));
      checksums[i] = (int) crc.getValue();
    }
    return checksums;
  }

  /** A view of all bytes, with a position of its own. */
  public ByteBuffer bytes() {
    return bytes.duplicate();
  }

  public int sizeBytes() {
    return bytes.remaining();
  }

  public int[] checksums() {
    return checksums.clone();
  }

  /** Index of the first block whose bytes do not have the checksum they came with, or -1. */
  public int firstDamagedBlock() {
    return Arrays.mismatch(checksums, checksumsOf(bytes));
  }

  @Override
  public void close() {
    if (this == NONE) return;
    if (closed) throw new IllegalStateException("a payload was closed twice");
    closed = true;
    release.run();
  }
}
