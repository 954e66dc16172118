package io.backstay.archive;

import io.backstay.image.Range;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An image that the archive keeps, as a source of ranges. Only blocks that hold data are read, and
 * each is compared with its checksum at rest before anybody gets it (mission row D3).
 */
final class StoredImage implements PointImage {
  /** Entries of the sidecar that are read at once: 16 KiB. */
  private static final int WINDOW = 128;

  /** Of the last so many windows the entries are kept: those of 4 GiB of the image. */
  private static final int WINDOWS = 32;

  private final ImageFiles files;
  private final long sizeBytes;
  private final ReentrantLock lock = new ReentrantLock();

  /** By the number of the window, the one that was asked for last at the end. */
  private final LinkedHashMap<Long, Sidecar.Page> windows = new LinkedHashMap<>(16, 0.75f, true);

  StoredImage(ImageFiles files) {
    this.files = files;
    this.sizeBytes = files.sizeBytes();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
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

  /**
   * Reads blocks of a range, or of a part of one, to their places in a buffer for the whole of it;
   * what lies behind the image is zero.
   *
   * @param offset a multiple of 64 KiB
   * @param into the bytes from there on, from position to limit, up to the end of the range
   * @param wanted bit i for block i of 64 KiB from there on; the others are left as they are
   * @param unsure those of them that may differ from their checksums, because an apply rewrites
   *     them now, or did since this was opened
   */
  void readInto(long offset, ByteBuffer into, int wanted, int unsure) throws IOException {
    int within = Math.clamp(sizeBytes - offset, 0, into.remaining());
    int blocks = wanted & (1 << Payload.blocks(within)) - 1;
    if (blocks != 0) {
      Sidecar.Entry entry = entry(offset / ImageChunk.RANGE_BYTES);
      int first = (int) (offset % ImageChunk.RANGE_BYTES / Payload.BLOCK_BYTES);
      int data = blocks & entry.dataBlocks() >>> first;
      zeroBlocks(into, within, blocks & ~data);
      int wrong = 0;
      // Neighbours are read at once.
      for (int left = data, end; left != 0; left &= -1 << end) {
        int from = Integer.numberOfTrailingZeros(left);
        end = from + Integer.numberOfTrailingZeros(~(left >>> from));
        int at = from * Payload.BLOCK_BYTES;
        ByteBuffer bytes = into.slice(into.position() + at, into.remaining() - at);
        read(offset + at, Math.min(end * Payload.BLOCK_BYTES, within) - at, bytes);
        wrong |= differing(entry, first + from, bytes) << from & ~unsure;
      }
      if (wrong != 0)
        throw new CorruptImageException(
            offset + (long) Integer.numberOfTrailingZeros(wrong) * Payload.BLOCK_BYTES,
            "wrong checksum of a 64 KiB block");
    }
    zero(into, within, into.remaining());
  }

  private static void zeroBlocks(ByteBuffer into, int within, int blocks) {
    for (int left = blocks; left != 0; left &= left - 1) {
      int from = Integer.numberOfTrailingZeros(left) * Payload.BLOCK_BYTES;
      zero(into, from, Math.min(from + Payload.BLOCK_BYTES, within));
    }
  }

  @Override
  public void readBlock(long offset, ByteBuffer into) throws IOException {
    readInto(offset, into, 1, 0);
    into.position(into.limit());
  }

  /**
   * @param into afterwards from 0 to that length
   */
  private void read(long offset, int length, ByteBuffer into) throws IOException {
    // The file may be longer than the image while an apply makes it grow.
    int alignment = files.image().alignmentBytes();
    int whole = (length + alignment - 1) / alignment * alignment;
    files
        .image()
        .read(offset, into.limit((int) Math.min(whole, files.image().sizeBytes() - offset)));
    into.flip().limit(length);
  }

  /** Bit i for the i-th of these data blocks, neighbours of a range, that has not its checksum. */
  private static int differing(Sidecar.Entry entry, int firstBlock, ByteBuffer bytes) {
    int before = Integer.bitCount(entry.dataBlocks() & (1 << firstBlock) - 1);
    int[] found = Payload.checksumsOf(bytes);
    int differing = 0;
    for (int i = 0; i < found.length; i++)
      if (found[i] != entry.checksums()[before + i]) differing |= 1 << i;
    return differing;
  }

  private static void zero(ByteBuffer bytes, int from, int to) {
    for (int at = bytes.position() + from; at < bytes.position() + to; at++)
      bytes.put(at, (byte) 0);
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
      return windowOf(range).get(range);
    } catch (SidecarDamagedException once) {
      // It may have been read while an apply wrote it.
      windows.remove(range / WINDOW);
      return entryAgain(range);
    } finally {
      lock.unlock();
    }
  }

  private Sidecar.Entry entryAgain(long range) throws IOException {
    try {
      return windowOf(range).get(range);
    } catch (SidecarDamagedException e) {
      throw new CorruptImageException(range * ImageChunk.RANGE_BYTES, e.getMessage());
    }
  }

  private Sidecar.Page windowOf(long range) throws IOException {
    Sidecar.Page known = windows.get(range / WINDOW);
    if (known != null) return known;
    long first = range / WINDOW * WINDOW;
    Sidecar.Page read = files.sidecar().read(first, (int) Math.min(WINDOW, ranges() - first));
    windows.put(range / WINDOW, read);
    if (windows.size() > WINDOWS) windows.pollFirstEntry();
    return read;
  }

  @Override
  public void close() throws IOException {
    files.close();
  }
}
