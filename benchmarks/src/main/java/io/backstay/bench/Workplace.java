package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The directory in which everything happens, and what the page cache holds of it. */
final class Workplace {
  private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");

  private final Path directory;

  private Workplace(Path directory) {
    this.directory = directory;
  }

  /**
   * @throws BenchException when the disk has less than {@code bytes} free
   */
  static Workplace open(Path directory, long bytes, Console console)
      throws BenchException, IOException {
    Files.createDirectories(directory);
    long free = Files.getFileStore(directory).getUsableSpace();
    if (free < bytes) {
      throw new BenchException(
          "%s has %s free, this needs %s; give another directory with --dir"
              .formatted(directory, Quantities.text(free), Quantities.text(bytes)));
    }
    Workplace place = new Workplace(directory);
    if (!Files.isWritable(DROP_CACHES)) {
      console.say("not root: the page cache is dropped for the image only, not as a whole");
    }
    return place;
  }

  Path at(String name) {
    return directory.resolve(name);
  }

  Path folder(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  /** Nothing is waiting to be written, and the sources are read from the disk. */
  void settle(Meter meter, List<Path> sources)
      throws BenchException, IOException, InterruptedException {
    meter.run("sync", List.of("sync"), Map.of());
    if (Files.isWritable(DROP_CACHES)) {
      Files.writeString(DROP_CACHES, "3\n");
      return;
    }
    for (Path source : sources) {
      meter.run(
          "dd", List.of("dd", "if=" + source, "iflag=nocache", "count=0", "status=none"), Map.of());
    }
  }

  static void delete(Path path) throws IOException {
    if (!Files.exists(path)) return;
    try (Stream<Path> below = Files.walk(path)) {
      for (Path one : below.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(one);
    }
  }
}
