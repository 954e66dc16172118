package io.backstay.nbd;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A volume as the NBD server sees it. The server calls it only on the one event loop of the export
 * (rule L8), in the order in which the requests were read from their connections, with ranges that
 * are not empty, lie inside the volume and are multiples of {@link #blockBytesMin()}. What it tells
 * of itself (name, size and so on) is asked from other threads too. Nothing here blocks.
 *
 * <p>What can be answered at once is: the method returns {@link #DONE} or an errno of NBD. Else it
 * returns {@link #LATER} and calls {@code answer} exactly once, from any thread; until then the
 * buffers belong to the export.
 */
public interface Export {
  /** Answered: no error. */
  int DONE = 0;

  /** The answer comes later. */
  int LATER = -1;

  /** Where a later answer goes; callable from any thread, once. */
  interface Answer {
    /**
     * @param error 0 or an errno of NBD
     */
    void done(int error);
  }

  /** Where the extents of a range go, in order and without gaps, from one thread at a time. */
  interface Extents {
    /**
     * @param zero whether it reads as zeroes
     * @param hole whether no space is kept for it
     */
    void add(long lengthBytes, boolean hole, boolean zero);
  }

  String name();

  /** For people. */
  String description();

  /** A multiple of {@link #blockBytesMin()}; may grow while clients are connected (rule L9). */
  long sizeBytes();

  boolean readOnly();

  /** A power of two: 512 for volumes, 1 where the size is none of its multiples. */
  int blockBytesMin();

  /** Fills the direct buffer from its position to its limit. */
  int read(long offset, ByteBuffer into, Answer answer);

  /**
   * The bytes are the buffers' remaining ones, in order. Done means: in the overlay, seen by every
   * read that follows, and it outlives the death of the process (rule L1); with {@code durable} it
   * also outlives the loss of power.
   */
  int write(long offset, List<ByteBuffer> data, int lengthBytes, boolean durable, Answer answer);

  /** Everything that was done before this call, on any connection, is durable when it is done. */
  int flush(Answer answer);

  /** From now on the range reads as zeroes; its space may be given back (rule L7). */
  int trim(long offset, long lengthBytes, boolean durable, Answer answer);

  /**
   * From now on the range reads as zeroes.
   *
   * @param keepSpace NBD_CMD_FLAG_NO_HOLE
   * @param onlyIfFast NBD_CMD_FLAG_FAST_ZERO: ENOTSUP where writing zeroes would be as fast
   */
  int zeroes(
      long offset,
      long lengthBytes,
      boolean keepSpace,
      boolean onlyIfFast,
      boolean durable,
      Answer answer);

  /**
   * The requests that had arrived were all handed over. Called once per batch of them, so that the
   * export can wake its other threads here instead of for each request.
   */
  default void caughtUp() {}

  /**
   * What is known of the range: all are added before the answer. They may end before the range
   * does, and where nothing was added it is one extent of data.
   */
  int extents(long offset, long lengthBytes, Extents into, Answer answer);
}
