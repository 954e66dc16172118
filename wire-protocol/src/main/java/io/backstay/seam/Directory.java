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
  /** For messages: where this is. */
  String description();

  /** The directory of that name below this one, made if it is not there. */
  Directory child(String name) throws IOException;

  /** Names of files and directories, sorted. */
  List<String> list() throws IOException;

  boolean has(String name) throws IOException;

  /** The whole of a small file (at most 64 MiB). A missing file is a NoSuchFileException. */
  byte[] read(String name) throws IOException;

  /** Opens a file for appending, made empty if it is not there. */
  AppendFile append(String name) throws IOException;

  /**
   * Makes a new sparse file of zeroes; replaces what has that name. The name is durable only after
   * {@link #sync()}.
   */
  BlockDevice createDevice(String name, long sizeBytes) throws IOException;

  /** Opens an existing file for reading and writing. */
  BlockDevice openDevice(String name) throws IOException;

  /** Atomic; replaces what has the new name. */
  void rename(String from, String to) throws IOException;

  /** Deletes a file, or a directory with all that is in it. Nothing there: nothing happens. */
  void delete(String name) throws IOException;

  /** Makes earlier creations, renames and deletions in this directory durable. */
  void sync() throws IOException;

  /** Space that is still free for files in here, in bytes. */
  long usableBytes() throws IOException;

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
