package io.backstay.history;

import io.backstay.seam.AppendFile;
import io.backstay.seam.Directory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A wdiff on its way in, or one that is being made: bytes without a name. It becomes a diff of the
 * volume by {@link DiffStore#commit}; closed before that it never was. One thread at a time.
 */
public final class DiffDraft implements Closeable {
  private final Directory directory;
  private final String name;
  private final AppendFile file;
  private boolean named;

  DiffDraft(Directory directory, String name) throws IOException {
    this.directory = directory;
    this.name = name;
    this.file = directory.append(name);
  }

  /** Appends the buffer from its position to its limit. */
  public void write(ByteBuffer bytes) throws IOException {
    file.append(bytes);
  }

  public long sizeBytes() throws IOException {
    return file.sizeBytes();
  }

  void sync() throws IOException {
    file.sync();
  }

  /** Under that name from now on; durably only after a sync of the directory. */
  void rename(String newName) throws IOException {
    directory.rename(name, newName);
    named = true;
  }

  @Override
  public void close() throws IOException {
    file.close();
    if (!named) directory.delete(name);
  }
}
