package io.backstay.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** What is behind a path or descriptor, of what can be a volume. */
enum FileKind {
  FILE,
  BLOCK_DEVICE;

  private static final int TYPE_MASK = 0170000;
  private static final int REGULAR = 0100000;
  private static final int BLOCK = 0060000;

  static FileKind of(LinuxFile file) throws IOException {
    Map<String, Object> attributes =
        Files.readAttributes(Path.of(file.pathOfDescriptor()), "unix:mode");
    return ofMode(file.path(), (int) attributes.get("mode"));
  }

  static FileKind ofMode(String path, int mode) throws IOException {
    return switch (mode & TYPE_MASK) {
      case REGULAR -> FILE;
      case BLOCK -> BLOCK_DEVICE;
      default -> throw new IOException(path + " is neither a file nor a block device");
    };
  }
}
