package io.backstay.seam;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import java.util.function.IntFunction;

/**
 * A bounded stock of direct buffers, aligned for direct IO. What a flow may hold in memory is the
 * size of its pool: a thread that asks for one buffer too many waits until another is given back.
 */
public final class BufferPool {
  /** Alignment of every buffer's address, enough for direct IO on any block device. */
  public static final int ALIGNMENT_BYTES = 4096;

  /** What is allocated at once, and resident from then on: long enough for huge pages of 2 MiB. */
  private static final int SLAB_BYTES = 8 << 20;

  private final int buffers;
  private final int bufferBytes;
  private final IntFunction<ByteBuffer> memory;
  private final Semaphore free;
  private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
  private int allocated;

  /**
   * @param bufferBytes capacity of each buffer, a multiple of 4096
   */
  public BufferPool(int buffers, int bufferBytes) {
    this(buffers, bufferBytes, BufferPool::aligned);
  }

  /**
   * @param memory gives so many bytes that are aligned for direct IO, to keep
   */
  public BufferPool(int buffers, int bufferBytes, IntFunction<ByteBuffer> memory) {
    if (buffers < 1 || bufferBytes < ALIGNMENT_BYTES || bufferBytes % ALIGNMENT_BYTES != 0) {
      throw new IllegalArgumentException(
          "a pool of %d buffers of %d bytes: both must be positive, the bytes a multiple of %d"
              .formatted(buffers, bufferBytes, ALIGNMENT_BYTES));
    }
    this.buffers = buffers;
    this.bufferBytes = bufferBytes;
    this.memory = memory;
    this.free = new Semaphore(buffers);
  }

  public int bufferBytes() {
    return bufferBytes;
  }

  /** A cleared buffer; waits while all are out. */
  public Lease take() throws InterruptedException {
    free.acquire();
    boolean taken = false;
    try {
      synchronized (idle) {
        if (idle.isEmpty()) allocate();
        taken = true;
        return new Lease(idle.pop().clear());
      }
    } finally {
      // Without memory now, there may be some later: the next one does not wait for this one.
      if (!taken) free.release();
    }
  }

  private void allocate() {
    int more = Math.clamp(SLAB_BYTES / bufferBytes, 1, buffers - allocated);
    ByteBuffer slab = memory.apply(Math.multiplyExact(more, bufferBytes));
    for (int i = 0; i < more; i++) idle.push(slab.slice(i * bufferBytes, bufferBytes));
    allocated += more;
  }

  /** A fresh direct buffer outside any pool, aligned for direct IO. */
  public static ByteBuffer aligned(int bytes) {
    ByteBuffer raw = ByteBuffer.allocateDirect(bytes + ALIGNMENT_BYTES);
    int over = raw.alignmentOffset(0, ALIGNMENT_BYTES);
    return raw.slice(over == 0 ? 0 : ALIGNMENT_BYTES - over, bytes);
  }

  /** Whether direct IO can use the buffer's bytes, from its position on, as they lie. */
  public static boolean isAligned(ByteBuffer buffer) {
    return buffer.isDirect() && buffer.alignmentOffset(buffer.position(), ALIGNMENT_BYTES) == 0;
  }

  /** One buffer out of the pool, until it is closed. Closing twice is a bug that is reported. */
  public final class Lease implements AutoCloseable {
    private ByteBuffer buffer;

    private Lease(ByteBuffer buffer) {
      this.buffer = buffer;
    }

    public ByteBuffer buffer() {
      if (buffer == null) throw new IllegalStateException("the buffer was given back already");
      return buffer;
    }

    @Override
    public void close() {
      ByteBuffer returned = buffer();
      buffer = null;
      synchronized (idle) {
        idle.push(returned);
      }
      free.release();
    }
  }
}
