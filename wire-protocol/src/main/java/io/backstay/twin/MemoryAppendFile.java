package io.backstay.twin;

import io.backstay.seam.AppendFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file of a {@link MemoryDisk} that grows at its end. */
final class MemoryAppendFile implements AppendFile {
  private final MemoryOpenFile file;

  MemoryAppendFile(MemoryOpenFile file) {
    this.file = file;
  }

  @Override
  public long sizeBytes() throws IOException {
    return file.sizeBytes();
  }

  @Override
  public void append(ByteBuffer content) throws IOException {
    file.write(file.sizeBytes(), content);
  }

  @Override
  public void sync() throws IOException {
    file.flush();
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    if (sizeBytes < 0 || sizeBytes > file.sizeBytes()) {
      throw new IllegalArgumentException(
          "cannot cut %s of %d bytes to %d".formatted(file.path(), file.sizeBytes(), sizeBytes));
    }
    file.resize(sizeBytes);
  }

  @Override
  public void close() {
    file.close();
  }

  @Override
  public String toString() {
    return file.path();
  }
}
