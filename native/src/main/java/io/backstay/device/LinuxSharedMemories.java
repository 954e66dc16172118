package io.backstay.device;

import io.backstay.seam.Directory;
import io.backstay.seam.SharedMemories;
import io.backstay.seam.SharedMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** Files in the file system of memory that every Linux has at {@code /dev/shm}. */
public final class LinuxSharedMemories implements SharedMemories {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final String PREFIX = "backstay-";
  private final Path directory;

  private LinuxSharedMemories(Path directory) {
    this.directory = directory;
  }

  public static LinuxSharedMemories ofThisMachine() {
    return new LinuxSharedMemories(Path.of("/dev/shm"));
  }

  /** For tests: in a directory of any file system. */
  static LinuxSharedMemories in(Path directory) {
    return new LinuxSharedMemories(directory);
  }

  @Override
  public String bootId() throws IOException {
    return Files.readString(BOOT_ID).strip();
  }

  @Override
  public SharedMemory create(String name, int sizeBytes) throws IOException {
    if (sizeBytes <= 0 || sizeBytes % 4096 != 0)
      throw new IllegalArgumentException("%d bytes are no whole pages".formatted(sizeBytes));
    Path at = pathOf(name);
    Files.deleteIfExists(at);
    try (LinuxFile file =
        LinuxFile.open(at.toString(), Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL)) {
      try {
        file.allocate(sizeBytes);
      } catch (IOException e) {
        Files.deleteIfExists(at);
        throw e;
      }
    }
    return map(at);
  }

  @Override
  public Optional<SharedMemory> open(String name) throws IOException {
    Path at = pathOf(name);
    if (!Files.isRegularFile(at, LinkOption.NOFOLLOW_LINKS)) return Optional.empty();
    if (!Files.isWritable(at)) throw new IOException("cannot open " + at + ": it is not ours");
    try {
      return Optional.of(map(at));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Files.deleteIfExists(pathOf(name));
  }

  private static SharedMemory map(Path at) throws IOException {
    try (LinuxFile file = LinuxFile.open(at.toString(), Linux.O_RDWR)) {
      return new MappedMemory(
          at.toString(), HugePages.map(file, Math.toIntExact(file.sizeBytes())));
    }
  }

  private Path pathOf(String name) {
    return directory.resolve(PREFIX + Directory.requireName(name));
  }
}
