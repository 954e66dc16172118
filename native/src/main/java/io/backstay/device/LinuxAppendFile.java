package io.backstay.device;

import io.backstay.seam.AppendFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file that grows at its end, through the page cache. */
final class LinuxAppendFile implements AppendFile {
  private final LinuxFile file;
  private long sizeBytes;

  LinuxAppendFile(LinuxFile file) throws IOException {
    this.file = file;
    this.sizeBytes = file.sizeBytes();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public void append(ByteBuffer content) throws IOException {
    int before = content.remaining();
    try {
      file.write(sizeBytes, content);
    } finally {
      sizeBytes += before - content.remaining();
    }
  }

  @Override
  public void sync() throws IOException {
    file.flush();
  }

  @Override
  public void truncate(long newSizeBytes) throws IOException {
    if (newSizeBytes < 0 || newSizeBytes > sizeBytes) {
      throw new IllegalArgumentException(
          "cannot cut %s of %d bytes to %d".formatted(file.path(), sizeBytes, newSizeBytes));
    }
    file.resize(newSizeBytes);
    sizeBytes = newSizeBytes;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  @Override
  public String toString() {
    return file.path();
  }
}
