package io.backstay.export;

import io.backstay.nbd.Export;
import io.backstay.nbd.Export.Answer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A point that is read by a few threads at a time, and whose pages are kept for a while. */
final class CachedPoint {
  private final String name;
  private final PointReader reader;
  private final PageCache cache;
  private final Crew crew;

  /**
   * @param name for messages
   * @param reader closed with this
   */
  CachedPoint(String name, PointReader reader, PageCache cache, Crew crew) {
    this.name = name;
    this.reader = reader;
    this.cache = cache;
    this.crew = crew;
    cache.reserve();
  }

  String name() {
    return name;
  }

  long sizeBytes() {
    return reader.sizeBytes();
  }

  PointReader reader() {
    return reader;
  }

  /** For whatever has to wait for the disk. */
  Crew crew() {
    return crew;
  }

  /** As {@link Export#read}; for the event loop. */
  int read(long offset, ByteBuffer into, Answer answer) {
    return cache.read(this, offset, into, answer);
  }

  /** Fills the buffer; for threads that may wait, but none of the crew. */
  void readWaiting(long offset, ByteBuffer into) throws IOException {
    CompletableFuture<Integer> later = new CompletableFuture<>();
    int result = read(offset, into, later::complete);
    if (result == Export.LATER) result = later.join();
    if (result != Export.DONE)
      throw new IOException(
          "cannot read %d bytes at %d of %s".formatted(into.remaining(), offset, name));
    into.position(into.limit());
  }

  /** Nobody reads it any more. */
  void close() throws IOException, InterruptedException {
    crew.finish();
    cache.forget(this);
    reader.close();
  }
}
