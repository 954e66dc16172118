package io.backstay.twin;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What shall go wrong, by the path under which a file was opened. */
final class DiskFaults {
  /** Nothing goes wrong; nobody adds anything to it. */
  static final DiskFaults NONE = new DiskFaults();

  private enum Access {
    READ,
    WRITE
  }

  private record BadRange(Access access, String path, long from, long to) {}

  private final List<BadRange> badRanges = new ArrayList<>();
  private final List<String> failingFlushes = new ArrayList<>();

  void failReads(String path, long from, long to) {
    badRanges.add(new BadRange(Access.READ, path, from, to));
  }

  void failWrites(String path, long from, long to) {
    badRanges.add(new BadRange(Access.WRITE, path, from, to));
  }

  void failNextFlush(String path) {
    failingFlushes.add(path);
  }

  void clear() {
    badRanges.clear();
    failingFlushes.clear();
  }

  void read(String path, long offset, long lengthBytes) throws IOException {
    check(Access.READ, path, offset, lengthBytes);
  }

  void write(String path, long offset, long lengthBytes) throws IOException {
    check(Access.WRITE, path, offset, lengthBytes);
  }

  /** True once for each {@link #failNextFlush}. */
  boolean flushFails(String path) {
    return failingFlushes.remove(path);
  }

  private void check(Access access, String path, long offset, long lengthBytes) throws IOException {
    for (BadRange bad : badRanges) {
      if (bad.access() == access
          && bad.path().equals(path)
          && offset < bad.to()
          && bad.from() < offset + lengthBytes) {
        throw new IOException(
            "cannot %s %d bytes at %d of %s: Input/output error"
                .formatted(access == Access.READ ? "read" : "write", lengthBytes, offset, path));
      }
    }
  }
}
