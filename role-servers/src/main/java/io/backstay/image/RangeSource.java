package io.backstay.image;

import io.backstay.seam.BufferPool;
import java.io.IOException;

/**
 * An image that can be read range by range: a live volume, or what an archive keeps. Any thread may
 * read at any time.
 */
public interface RangeSource {
  long sizeBytes();

  /**
   * First multiple of 1 MiB at or after {@code offset} whose range may hold data; {@link
   * #sizeBytes()} if none does.
   */
  long nextData(long offset) throws IOException;

  /**
   * Reads the range that begins at {@code offset}, a multiple of 1 MiB.
   *
   * @param lease taken over: given back at once for zeroes, with the payload for data, and also
   *     when this throws
   */
  Range read(long offset, BufferPool.Lease lease) throws IOException;
}
