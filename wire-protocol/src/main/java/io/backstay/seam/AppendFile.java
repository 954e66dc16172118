package io.backstay.seam;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file that only grows at its end. One thread at a time. */
public interface AppendFile extends Closeable {
  long sizeBytes() throws IOException;

  /**
   * Appends the buffer from its position to its limit. Not durable before {@link #sync()}. After a
   * failure any part of it may stand at the end.
   *
   * @throws NoSpaceException where the disk is full
   */
  void append(ByteBuffer content) throws IOException;

  /**
   * Makes all appended bytes durable. After a failure the file must be given up and written anew.
   */
  void sync() throws IOException;

  /** Cuts the end off, for a torn tail that was found when reading. */
  void truncate(long sizeBytes) throws IOException;

  @Override
  void close() throws IOException;
}
