package io.backstay.convert;

import io.backstay.diff.Errand;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * The bytes of a device from the first to the last, as many as it has when it is opened: while one
 * piece is handed out, the next is on its way. Direct IO has nobody else who would read ahead. Not
 * for several threads.
 */
final class AheadChannel implements ReadableByteChannel {
  private static final int PIECE_BYTES = 1 << 20;

  private final BlockDevice device;
  private final Time time;
  private final long sizeBytes;

  /** What is handed out, and what comes next. */
  private ByteBuffer piece;

  private ByteBuffer next;
  private Optional<Errand> coming = Optional.empty();
  private long begun;
  private boolean open = true;

  /**
   * @param device closed with this
   * @param memory for direct IO
   */
  AheadChannel(BlockDevice device, Time time, IntFunction<ByteBuffer> memory) {
    this.device = device;
    this.time = time;
    this.sizeBytes = device.sizeBytes();
    int wanted = Math.clamp(sizeBytes, 1, PIECE_BYTES);
    int bytes = wanted + BufferPool.ALIGNMENT_BYTES - 1 & -BufferPool.ALIGNMENT_BYTES;
    ByteBuffer both = memory.apply(2 * bytes);
    this.piece = both.slice(0, bytes).limit(0);
    this.next = both.slice(bytes, bytes);
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (!open) throw new ClosedChannelException();
    if (!piece.hasRemaining() && !advance()) return -1;
    int now = Math.min(piece.remaining(), into.remaining());
    into.put(piece.slice(piece.position(), now));
    piece.position(piece.position() + now);
    return now;
  }

  private boolean advance() throws IOException {
    if (coming.isEmpty()) begin();
    if (coming.isEmpty()) return false;
    coming.get().await();
    coming = Optional.empty();
    ByteBuffer used = piece;
    piece = next.flip();
    next = used;
    begin();
    return true;
  }

  private void begin() {
    int bytes = (int) Math.min(next.capacity(), sizeBytes - begun);
    if (bytes == 0) return;
    long offset = begun;
    ByteBuffer into = next.clear().limit(bytes);
    coming = Optional.of(new Errand("reading " + device, () -> device.read(offset, into), time));
    begun += bytes;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() throws IOException {
    open = false;
    coming.ifPresent(Errand::end);
    device.close();
  }
}
