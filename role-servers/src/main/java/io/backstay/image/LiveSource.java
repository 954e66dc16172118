package io.backstay.image;

import io.backstay.model.Bytes;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A volume as it is now. This is where the evidence is made: zero blocks are found, the range's
 * SHA-256 and the blocks' CRC32C are taken from the very memory that the device filled.
 */
public final class LiveSource implements RangeSource {
  private final BlockDevice device;
  private final long sizeBytes;

  /**
   * @param sizeBytes size of the volume, at most the device's
   */
  public LiveSource(BlockDevice device, long sizeBytes) {
    if (sizeBytes > device.sizeBytes()) {
      throw new IllegalArgumentException(
          "a volume of %d bytes on a device of %d".formatted(sizeBytes, device.sizeBytes()));
    }
    this.device = device;
    this.sizeBytes = sizeBytes;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public long nextData(long offset) throws IOException {
    long data = Math.min(sizeBytes, device.nextData(offset));
    return data == sizeBytes
        ? sizeBytes
        : Math.max(offset, data - data % Message.ImageChunk.RANGE_BYTES);
  }

  @Override
  public Range read(long offset, BufferPool.Lease lease) throws IOException {
    int length = (int) Math.min(Message.ImageChunk.RANGE_BYTES, sizeBytes - offset);
    boolean kept = false;
    try {
      ByteBuffer buffer = lease.buffer().clear().limit(readable(offset, length));
      readNaming(offset, buffer);
      int dataBlocks = Zeroes.dataBlocks(buffer.flip().limit(length));
      if (dataBlocks == 0) return new Range.Zeroes(offset, length);
      Message.ImageChunk chunk = new Message.ImageChunk(offset, length, dataBlocks, sha256(buffer));
      Zeroes.moveTogether(buffer, dataBlocks);
      kept = true;
      return new Range.Chunk(chunk, Payload.of(buffer.limit(chunk.payloadBytes()), lease::close));
    } finally {
      if (!kept) lease.close();
    }
  }

  /** How much to read for so many bytes: a device that goes on behind the volume reads blocks. */
  private int readable(long offset, int length) {
    int alignment = device.alignmentBytes();
    int whole = (length + alignment - 1) / alignment * alignment;
    return (int) Math.min(whole, device.sizeBytes() - offset);
  }

  /**
   * Reads, and on failure finds the very block that cannot be read, so that the message names it.
   */
  private void readNaming(long offset, ByteBuffer buffer) throws IOException {
    int length = buffer.remaining();
    try {
      device.read(offset, buffer);
    } catch (IOException e) {
      int step = Math.max(4096, device.alignmentBytes());
      for (int at = 0; at < length; at += step) {
        ByteBuffer probe = buffer.clear().limit(Math.min(length, at + step)).position(at);
        try {
          device.read(offset + at, probe);
        } catch (IOException cause) {
          throw new SourceUnreadableException(offset + at, cause);
        }
      }
      throw e;
    }
  }

  /** SHA-256 of the remaining bytes, whose position does not move. */
  public static Bytes sha256(ByteBuffer bytes) {
    MessageDigest digest = digest();
    digest.update(bytes.duplicate());
    return Bytes.of(digest.digest());
  }

  /** SHA-256 of a whole range of which only the data blocks are there. */
  public static Bytes sha256(Message.ImageChunk chunk, ByteBuffer dataBlocks) {
    MessageDigest digest = digest();
    int at = dataBlocks.position();
    for (int from = 0; from < chunk.lengthBytes(); from += Payload.BLOCK_BYTES) {
      int length = Math.min(Payload.BLOCK_BYTES, chunk.lengthBytes() - from);
      if ((chunk.dataBlocks() >>> from / Payload.BLOCK_BYTES & 1) == 1) {
        digest.update(dataBlocks.slice(at, length));
        at += length;
      } else {
        digest.update(Zeroes.block(length));
      }
    }
    return Bytes.of(digest.digest());
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
