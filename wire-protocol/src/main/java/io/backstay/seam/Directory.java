package io.backstay.seam;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Everything of Backstay's own that must be durable, or outlive the process, by name. Names are
 * plain file names: no slash, no leading dot, at most 200 characters.
 *
 * <p>Creating, renaming and deleting survive the death of the process at once, the loss of power
 * only after {@link #sync()}.
 */
public interface Directory {
  int NAME_CHARACTERS_MAX = 200;

  /** Most bytes that {@link #read} takes. */
  int READ_BYTES_MAX = 64 << 20;

  /** For messages: where this is. */
  String description();

  /**
   * The directory of that name below this one, made if it is not there. Its name is durable only
   * after {@link #sync()} of this one, whatever is synced inside it.
   */
  Directory child(String name) throws IOException;

  /** Names of files and directories, sorted. Hidden ones (leading dot) are not ours: left out. */
  List<String> list() throws IOException;

  boolean has(String name) throws IOException;

  /**
   * The whole of a small file (at most {@link #READ_BYTES_MAX}). A missing file is a
   * NoSuchFileException.
   */
  byte[] read(String name) throws IOException;

  /**
   * Opens a file for appending, made empty if it is not there. Neither its name nor its bytes are
   * durable by that, and syncing one does not sync the other.
   */
  AppendFile append(String name) throws IOException;

  /**
   * Makes a new sparse file of zeroes; replaces the file that has that name, which those who have
   * it open keep. Its size is durable when this returns, its name only after {@link #sync()}.
   */
  BlockDevice createDevice(String name, long sizeBytes) throws IOException;

  /** Opens an existing file for reading and writing. A missing one is a NoSuchFileException. */
  BlockDevice openDevice(String name) throws IOException;

  /**
   * Atomic, also over a loss of power; replaces the file that has the new name. A missing file is a
   * NoSuchFileException, a directory of the new name a FileAlreadyExistsException.
   */
  void rename(String from, String to) throws IOException;

  /**
   * Deletes a file, or a directory with all that is in it. Nothing there: nothing happens. Deleting
   * a directory is not atomic: after a crash part of its content may still be there.
   */
  void delete(String name) throws IOException;

  /** Makes earlier creations, renames and deletions in this directory durable. */
  void sync() throws IOException;

  /** Space that is still free for files in here, in bytes. */
  long usableBytes() throws IOException;

  /**
   * For implementations: refuses what cannot be a name here.
   *
   * @throws IllegalArgumentException that names it
   */
  static String requireName(String name) {
    if (name.isEmpty()
        || name.length() > NAME_CHARACTERS_MAX
        || name.startsWith(".")
        || name.indexOf('/') >= 0
        || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "'%s' is not a file name: 1 to %d characters, no slash, no leading dot"
              .formatted(name, NAME_CHARACTERS_MAX));
    }
    return name;
  }

  /**
   * Replaces a small file so that after any crash either the old or the new content is there,
   * whole: temporary name, write, sync, rename, sync of the directory. Durable when it returns.
   */
  default void publish(String name, byte[] content) throws IOException {
    String temporary = name + ".tmp";
    delete(temporary);
    try (AppendFile file = append(temporary)) {
      file.append(ByteBuffer.wrap(content));
      file.sync();
    }
    rename(temporary, name);
    sync();
  }
}
