package io.backstay.nbd;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.IntSupplier;

/**
 * A volume in memory that does every other request on a thread of its own and answers it from
 * there.
 */
final class LateExport extends MemoryExport implements AutoCloseable {
  private final LinkedBlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
  private final Thread worker = Thread.ofPlatform().daemon().start(this::work);
  private int requests;

  LateExport(String name, int sizeBytes) {
    super(name, sizeBytes);
  }

  private void work() {
    try {
      while (true) work.take().run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int atOnceOrLater(IntSupplier request, Answer answer) {
    // In order with what waits already: requests of one client may overlap.
    if (requests++ % 2 == 0 && work.isEmpty()) return request.getAsInt();
    work.add(() -> answer.done(request.getAsInt()));
    return LATER;
  }

  @Override
  public int read(long offset, ByteBuffer into, Answer answer) {
    return atOnceOrLater(() -> super.read(offset, into, answer), answer);
  }

  @Override
  public int write(
      long offset, List<ByteBuffer> data, int lengthBytes, boolean durable, Answer answer) {
    return atOnceOrLater(() -> super.write(offset, data, lengthBytes, durable, answer), answer);
  }

  @Override
  public int flush(Answer answer) {
    return atOnceOrLater(() -> DONE, answer);
  }

  @Override
  public int zeroes(
      long offset,
      long lengthBytes,
      boolean keepSpace,
      boolean onlyIfFast,
      boolean durable,
      Answer answer) {
    return atOnceOrLater(
        () -> super.zeroes(offset, lengthBytes, keepSpace, onlyIfFast, durable, answer), answer);
  }

  @Override
  public int extents(long offset, long lengthBytes, Extents into, Answer answer) {
    return atOnceOrLater(() -> super.extents(offset, lengthBytes, into, answer), answer);
  }

  @Override
  public void close() {
    worker.interrupt();
  }
}
