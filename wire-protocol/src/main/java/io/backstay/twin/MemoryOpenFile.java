package io.backstay.twin;

import io.backstay.seam.NoSpaceException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A file that a process has open: every operation asks the hook, the faults and whether it lives.
 */
final class MemoryOpenFile {
  private final MemoryDisk disk;
  private final MemoryDisk.Mount mount;
  private final String path;
  private final MemoryFile file;
  private final int alignmentBytes;
  private boolean closed;

  MemoryOpenFile(
      MemoryDisk disk, MemoryDisk.Mount mount, String path, MemoryFile file, int alignmentBytes) {
    this.alignmentBytes = alignmentBytes;
    this.disk = disk;
    this.mount = mount;
    this.path = path;
    this.file = file;
  }

  String path() {
    return path;
  }

  int alignmentBytes() {
    return alignmentBytes;
  }

  /** To ask only while the disk's lock is held. */
  boolean isOpen() {
    return !closed && !mount.isDead();
  }

  long sizeBytes() throws IOException {
    return operate("size", file::sizeBytes);
  }

  void read(long offset, ByteBuffer into) throws IOException {
    operate(
        "read " + offset + "+" + into.remaining(),
        () -> {
          disk.faults().read(path, offset, into.remaining());
          file.read(offset, into);
          return file;
        });
  }

  /** In two operations where that can be told apart, as a real kernel may be interrupted. */
  void write(long offset, ByteBuffer from) throws IOException {
    int length = from.remaining();
    long middle = (offset + length / 2) & -MemoryFile.CHUNK_BYTES;
    int first = middle > offset ? (int) (middle - offset) : length;
    writePart("write ", offset, from.slice(from.position(), first));
    if (first < length) {
      writePart("write-rest ", middle, from.slice(from.position() + first, length - first));
    }
    from.position(from.limit());
  }

  void zero(long offset, long lengthBytes) throws IOException {
    operate(
        "zero " + offset + "+" + lengthBytes,
        () -> {
          disk.faults().write(path, offset, lengthBytes);
          file.zero(offset, lengthBytes);
          return file;
        });
  }

  void resize(long sizeBytes) throws IOException {
    operate(
        "truncate " + sizeBytes,
        () -> {
          file.resize(sizeBytes);
          return file;
        });
  }

  /** As {@link #resize}, where there is a file that can grow. */
  void extend(long newSizeBytes) throws IOException {
    operate(
        "extend " + newSizeBytes,
        () -> {
          if (file.isBlockDevice())
            throw new IOException("cannot set the size of " + path + ": Invalid argument");
          file.resize(newSizeBytes);
          return file;
        });
  }

  long nextData(long offset) throws IOException {
    return operate("next-data " + offset, () -> file.nextData(offset));
  }

  /** A power loss chooses among all that was not flushed anyway. */
  void beginWriting(long offset, long lengthBytes) throws IOException {
    operate("begin-writing " + offset + "+" + lengthBytes, () -> file);
  }

  void flush() throws IOException {
    operate(
        "flush",
        () -> {
          if (disk.faults().flushFails(path)) {
            file.failFlush();
            throw new IOException("cannot flush " + path + ": Input/output error");
          }
          file.flush();
          return file;
        });
  }

  /** Also a dead process may close: its last blocks do. */
  void close() {
    closed = true;
  }

  private void writePart(String operation, long offset, ByteBuffer from) throws IOException {
    operate(
        operation + offset + "+" + from.remaining(),
        () -> {
          disk.faults().write(path, offset, from.remaining());
          file.write(offset, from, file.isBlockDevice() ? Long.MAX_VALUE : disk.freeBytes());
          if (from.hasRemaining()) {
            throw new NoSpaceException(
                "cannot write %d bytes at %d of %s: No space left on device"
                    .formatted(from.limit(), offset, path));
          }
          return file;
        });
  }

  private <T> T operate(String operation, MemoryDisk.Action<T> action) throws IOException {
    return disk.operate(
        mount,
        operation + " " + path,
        () -> {
          if (closed)
            throw new IOException("cannot " + operation + " of " + path + ": it is closed");
          return action.run();
        });
  }
}
