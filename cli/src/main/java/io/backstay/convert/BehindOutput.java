package io.backstay.convert;

import io.backstay.diff.DiffOutput;
import io.backstay.diff.Errand;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Writes an empty device from its first byte on, in whole pieces as direct IO wants them: while one
 * is written, the next is gathered. The device grows with it. What fails is told at the next piece,
 * or by {@link #finish}. Not for several threads.
 */
final class BehindOutput implements DiffOutput, AutoCloseable {
  private static final int PIECE_BYTES = 1 << 20;

  private final BlockDevice device;
  private final Time time;
  private ByteBuffer gathered;
  private ByteBuffer leaving;
  private Optional<Errand> writing = Optional.empty();
  private long begun;

  /**
   * @param memory for direct IO
   */
  BehindOutput(BlockDevice device, Time time, IntFunction<ByteBuffer> memory) {
    this.device = device;
    this.time = time;
    ByteBuffer both = memory.apply(2 * PIECE_BYTES);
    this.gathered = both.slice(0, PIECE_BYTES);
    this.leaving = both.slice(PIECE_BYTES, PIECE_BYTES);
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int now = Math.min(gathered.remaining(), bytes.remaining());
      gathered.put(bytes.slice(bytes.position(), now));
      bytes.position(bytes.position() + now);
      if (!gathered.hasRemaining()) begin();
    }
  }

  private void begin() throws IOException {
    await();
    ByteBuffer idle = leaving;
    leaving = gathered.flip();
    gathered = idle.clear();
    long offset = begun;
    begun += leaving.remaining();
    ByteBuffer from = leaving;
    writing = Optional.of(new Errand("writing " + device, () -> append(offset, from), time));
  }

  private void append(long offset, ByteBuffer from) throws IOException {
    device.extend(offset + from.remaining());
    device.write(offset, from);
  }

  private void await() throws IOException {
    if (writing.isPresent()) writing.get().await();
  }

  /** Writes what is left; nothing comes behind it. Not durable yet. */
  void finish() throws IOException {
    begin();
    await();
  }

  /** Nothing is under way any more; the device stays open. */
  @Override
  public void close() {
    writing.ifPresent(Errand::end);
  }
}
