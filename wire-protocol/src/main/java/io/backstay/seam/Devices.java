package io.backstay.seam;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * Opens the devices that a user names by absolute path on a node: the source of a plain volume, the
 * target of a restore (rule K6). What Backstay keeps for itself lies in a {@link Directory}
 * instead.
 */
public interface Devices {
  /**
   * What lies at the path now, without changing it. A path that is neither file nor block device is
   * an IOException.
   */
  DeviceFacts examine(String path) throws IOException;

  /**
   * @throws NoSuchFileException where nothing is there
   */
  BlockDevice openReadOnly(String path) throws IOException;

  /**
   * Opens an existing file or block device for reading and writing; never creates, never truncates.
   * A block device that is in use (mounted, part of a volume group, opened by this method
   * elsewhere) is an IOException.
   *
   * @throws NoSuchFileException where nothing is there
   */
  BlockDevice openWritable(String path) throws IOException;

  /**
   * As {@link #openWritable}, for as long as it is open for this alone: a second one that is asked
   * for the same file or block device, here or in another process, is an IOException.
   *
   * @param caching whether reads and writes go through the machine's cache; then alignment is 1
   */
  BlockDevice openAlone(String path, Caching caching) throws IOException;

  /** Whether a device keeps what was read and written in memory. */
  enum Caching {
    CACHED,
    DIRECT
  }

  /**
   * Makes a new sparse file of {@code sizeBytes} zeroes, with name and size durable. A file of
   * length 0 that is already there is taken and extended; anything else there is refused with
   * FileAlreadyExistsException.
   */
  BlockDevice create(String path, long sizeBytes) throws IOException;

  /**
   * A frozen copy of the source (reflink clone beside it, snapshot), or empty where the source has
   * no such thing. The caller closes it, and that removes the copy.
   */
  Optional<BlockDevice> freeze(String path) throws IOException;

  /**
   * Evidence of what was written to the source so far: two equal stamps say that nothing was
   * written in between, two different ones that something was; {@link ChangeStamp#UNKNOWN} says
   * nothing (rule L10).
   */
  ChangeStamp changeStamp(String path) throws IOException;

  /** Zeroed memory, to keep, that is best for reading and writing these and what lies beside. */
  default ByteBuffer memory(int bytes) {
    return BufferPool.aligned(bytes);
  }
}
