package io.backstay.archive;

import io.backstay.image.RangeSource;
import io.backstay.wire.Payload;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The image of a point, as a source of ranges, while somebody reads it. */
interface PointImage extends RangeSource, Closeable {
  /**
   * Reads one block of 64 KiB, for whoever needs small pieces from everywhere.
   *
   * @param offset a multiple of {@link Payload#BLOCK_BYTES}
   * @param into direct and aligned; its remaining bytes are the block, or what there is of the last
   */
  void readBlock(long offset, ByteBuffer into) throws IOException;
}
