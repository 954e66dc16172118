package io.backstay.export;

import io.backstay.image.Range;
import io.backstay.image.RangeSource;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A point that can only be read in whole ranges of 1 MiB. The last few are kept, since their other
 * pages are mostly asked for next, and who asks for a range that is being read waits for that.
 */
public final class RangePointReader<S extends RangeSource & Closeable> implements PointReader {
  /** 1 MiB each. */
  private static final int RANGES_KEPT = 2;

  private static final ByteBuffer ZEROES = ByteBuffer.allocate(ImageChunk.RANGE_BYTES);

  private final S source;
  private final BufferPool pool;
  private final ReentrantLock lock = new ReentrantLock();

  /** By where they begin, the one that was asked for last at the end. */
  private final Map<Long, FutureTask<ByteBuffer>> ranges = new LinkedHashMap<>(8, 0.75f, true);

  /**
   * @param source closed with this
   * @param pool of buffers of 1 MiB
   */
  public RangePointReader(S source, BufferPool pool) {
    this.source = source;
    this.pool = pool;
  }

  @Override
  public long sizeBytes() {
    return source.sizeBytes();
  }

  @Override
  public void read(long offset, ByteBuffer into) throws IOException {
    long start = offset / ImageChunk.RANGE_BYTES * ImageChunk.RANGE_BYTES;
    FutureTask<ByteBuffer> range = range(start);
    // Nothing where another thread runs it or has run it.
    range.run();
    ByteBuffer bytes = result(start, range);
    int length = into.remaining();
    into.put(into.position(), bytes, (int) (offset - start), length);
    into.position(into.position() + length);
  }

  private FutureTask<ByteBuffer> range(long start) {
    lock.lock();
    try {
      FutureTask<ByteBuffer> range =
          ranges.computeIfAbsent(start, at -> new FutureTask<>(() -> read(at)));
      Iterator<Long> oldest = ranges.keySet().iterator();
      while (ranges.size() > RANGES_KEPT) {
        oldest.next();
        oldest.remove();
      }
      return range;
    } finally {
      lock.unlock();
    }
  }

  /** One that failed is read again when it is asked for again. */
  private ByteBuffer result(long start, FutureTask<ByteBuffer> range) throws IOException {
    try {
      return range.get();
    } catch (ExecutionException e) {
      forget(start, range);
      if (e.getCause() instanceof IOException io) throw io;
      throw new IllegalStateException("reading the range at " + start, e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the range at " + start + " was read", e);
    }
  }

  private void forget(long start, FutureTask<ByteBuffer> range) {
    lock.lock();
    try {
      ranges.remove(start, range);
    } finally {
      lock.unlock();
    }
  }

  private ByteBuffer read(long start) throws IOException, InterruptedException {
    return switch (source.read(start, pool.take())) {
      case Range.Zeroes _ -> ZEROES;
      case Range.Kept kept -> throw new IllegalStateException("read: " + kept);
      case Range.Chunk range -> {
        try (Payload payload = range.payload()) {
          yield spread(range.chunk(), payload.bytes());
        }
      }
    };
  }

  /** Each data block where it belongs, and zeroes between them. */
  private static ByteBuffer spread(ImageChunk chunk, ByteBuffer data) {
    ByteBuffer all = ByteBuffer.allocate(chunk.lengthBytes());
    int from = data.position();
    for (int i = 0; i < Payload.blocks(chunk.lengthBytes()); i++) {
      if ((chunk.dataBlocks() >>> i & 1) == 0) continue;
      int at = i * Payload.BLOCK_BYTES;
      int length = Math.min(Payload.BLOCK_BYTES, chunk.lengthBytes() - at);
      all.put(at, data, from, length);
      from += length;
    }
    return all;
  }

  @Override
  public long nextData(long offset) throws IOException {
    long start = offset / ImageChunk.RANGE_BYTES * ImageChunk.RANGE_BYTES;
    return Math.max(offset, source.nextData(start));
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
