package io.backstay.archive;

import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;

/**
 * Entries of a sidecar on their way out, in ascending order: a window that moves forward and is
 * written behind. What is written is durable after a flush of the sidecar.
 */
final class SidecarWriting implements AutoCloseable {
  /** Entries that are written at once: 128 KiB of memory. */
  private static final int ENTRIES_AT_ONCE = 1024;

  private final Sidecar sidecar;
  private final long ranges;
  private Sidecar.Page page;
  private long first;
  private long end;

  /**
   * @param imageBytes size of the image that the sidecar has room for
   */
  SidecarWriting(Sidecar sidecar, long imageBytes) {
    this.sidecar = sidecar;
    this.ranges = (imageBytes + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES;
  }

  /** The page on which the entry of that range is to be put. */
  Sidecar.Page at(long range) throws IOException {
    if (page != null && range >= first && range < end) return page;
    close();
    first = range / ENTRIES_AT_ONCE * ENTRIES_AT_ONCE;
    end = Math.min(first + ENTRIES_AT_ONCE, ranges);
    page = sidecar.read(first, (int) (end - first));
    return page;
  }

  /** Writes what is left. */
  @Override
  public void close() throws IOException {
    if (page != null) sidecar.write(page);
  }
}
