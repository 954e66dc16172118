package io.backstay.archive;

import io.backstay.image.Range;
import io.backstay.image.RangeSource;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An image that the archive keeps, as a source of ranges. Only blocks that hold data are read, and
 * each is compared with its checksum at rest before anybody gets it (mission row D3).
 */
final class StoredImage implements RangeSource, Closeable {
  /** Entries of the sidecar that are held in memory: 128 KiB. */
  private static final int WINDOW = 1024;

  private final ImageFiles files;
  private final ReentrantLock lock = new ReentrantLock();
  private Sidecar.Page window;
  private long first;
  private long end;

  StoredImage(ImageFiles files) {
    this.files = files;
  }

  @Override
  public long sizeBytes() {
    return files.image().sizeBytes();
  }

  @Override
  public long nextData(long offset) throws IOException {
    for (long range = offset / ImageChunk.RANGE_BYTES; range < ranges(); range++) {
      if (entry(range).dataBlocks() != 0) return range * ImageChunk.RANGE_BYTES;
    }
    return sizeBytes();
  }

  @Override
  public Range read(long offset, BufferPool.Lease lease) throws IOException {
    boolean kept = false;
    try {
      int length = (int) Math.min(ImageChunk.RANGE_BYTES, sizeBytes() - offset);
      Sidecar.Entry entry = entry(offset / ImageChunk.RANGE_BYTES);
      if (entry.dataBlocks() == 0) return new Range.Zeroes(offset, length);
      ImageChunk chunk = new ImageChunk(offset, length, entry.dataBlocks(), entry.sourceHash());
      ByteBuffer bytes = lease.buffer().clear().limit(chunk.payloadBytes());
      readBlocks(chunk, bytes);
      Payload payload = Payload.received(bytes.flip(), entry.checksums(), lease::close);
      int damaged = payload.firstDamagedBlock();
      if (damaged >= 0)
        throw new CorruptImageException(
            position(chunk, damaged), "wrong checksum of a 64 KiB block");
      kept = true;
      return new Range.Chunk(chunk, payload);
    } finally {
      if (!kept) lease.close();
    }
  }

  private void readBlocks(ImageChunk chunk, ByteBuffer into) throws IOException {
    int blocks = Payload.blocks(chunk.lengthBytes());
    int limit = into.limit();
    for (int i = 0; i < blocks; i++) {
      if ((chunk.dataBlocks() >>> i & 1) == 0) continue;
      int from = i * Payload.BLOCK_BYTES;
      while (i + 1 < blocks && (chunk.dataBlocks() >>> (i + 1) & 1) == 1) i++;
      int length = Math.min((i + 1) * Payload.BLOCK_BYTES, chunk.lengthBytes()) - from;
      files.image().read(chunk.offset() + from, into.limit(into.position() + length));
    }
    into.limit(limit);
  }

  /** Where the n-th data block of a chunk lies. */
  private static long position(ImageChunk chunk, int dataBlock) {
    int seen = 0;
    for (int i = 0; ; i++) {
      if ((chunk.dataBlocks() >>> i & 1) == 1 && seen++ == dataBlock) {
        return chunk.offset() + (long) i * Payload.BLOCK_BYTES;
      }
    }
  }

  private long ranges() {
    return (sizeBytes() + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES;
  }

  private Sidecar.Entry entry(long range) throws IOException {
    lock.lock();
    try {
      if (window == null || range < first || range >= end) {
        first = range / WINDOW * WINDOW;
        end = Math.min(first + WINDOW, ranges());
        window = files.sidecar().read(first, (int) (end - first));
      }
      return window.get(range);
    } catch (SidecarDamagedException e) {
      throw new CorruptImageException(range * ImageChunk.RANGE_BYTES, e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    files.close();
  }
}
