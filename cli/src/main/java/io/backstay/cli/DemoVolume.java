package io.backstay.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * The volume of the demo: a file that holds a real ext4 file system with real files, made without
 * mounting anything, so that no root is needed.
 */
final class DemoVolume {
  static final long SIZE_BYTES = 256L << 20;
  private static final int RANDOM_FILES = 12;
  private static final int RANDOM_FILE_BYTES = 10 << 20;
  private static final int TEXT_FILES = 400;
  private static final int COPY_BYTES = 1 << 20;

  private final Path image;
  private final Path files;
  private final Tools tools;

  DemoVolume(Path image, Path files, Tools tools) {
    this.image = image;
    this.files = files;
    this.tools = tools;
  }

  /** Writes the files, and the file system that holds them. */
  void make(RandomGenerator random) throws IOException, InterruptedException {
    Files.createDirectories(files);
    for (int i = 0; i < RANDOM_FILES; i++) {
      writeRandom(files.resolve("random-%02d.bin".formatted(i)), random);
    }
    for (int i = 0; i < TEXT_FILES; i++) writeText(i, random);
    tools.run(
        "mke2fs",
        "-q",
        "-t",
        "ext4",
        "-b",
        "4096",
        "-F",
        "-L",
        "backstay-demo",
        "-d",
        files.toString(),
        image.toString(),
        SIZE_BYTES / 1024 + "k");
  }

  private static void writeRandom(Path file, RandomGenerator random) throws IOException {
    byte[] piece = new byte[COPY_BYTES];
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      for (int written = 0; written < RANDOM_FILE_BYTES; written += COPY_BYTES) {
        random.nextBytes(piece);
        out.write(piece);
      }
    }
  }

  private void writeText(int number, RandomGenerator random) throws IOException {
    Path directory = Files.createDirectories(files.resolve("letters/%02d".formatted(number / 20)));
    StringBuilder text = new StringBuilder("Letter %d%n%n".formatted(number));
    int lines = 10 + random.nextInt(400);
    for (int line = 0; line < lines; line++) {
      text.append("line %d says %016x%n".formatted(line, random.nextLong()));
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    Files.write(directory.resolve("letter-%03d.txt".formatted(number)), bytes);
  }

  /** Offset up to which half of the image's data lies, counted in MiB that are not all zero. */
  long middleOfData() throws IOException {
    List<Long> ends = new ArrayList<>();
    byte[] zeroes = new byte[COPY_BYTES];
    byte[] piece = new byte[COPY_BYTES];
    try (InputStream in = Files.newInputStream(image)) {
      for (long end = COPY_BYTES; in.readNBytes(piece, 0, COPY_BYTES) > 0; end += COPY_BYTES)
        if (!Arrays.equals(piece, zeroes)) ends.add(end);
    }
    return ends.get(ends.size() / 2);
  }

  /** Of every file that was put into the volume, by path. */
  Map<String, String> checksums() throws IOException, InterruptedException {
    return checksums(files);
  }

  /**
   * Checks the file system of an image, takes all files out of it and answers their checksums.
   *
   * @throws IOException when the file system has an error
   */
  Map<String, String> checksumsInside(Path restored, Path unpacked)
      throws IOException, InterruptedException {
    tools.run("e2fsck", "-fn", restored.toString());
    Files.createDirectories(unpacked);
    tools.run("debugfs", "-R", "rdump / " + unpacked, restored.toString());
    Map<String, String> sums = checksums(unpacked);
    sums.keySet().removeIf(path -> path.startsWith("lost+found"));
    return sums;
  }

  private Map<String, String> checksums(Path root) throws IOException, InterruptedException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(root)) {
      all = walk.filter(Files::isRegularFile).toList();
    }
    List<String> sums = tools.sha256(all);
    Map<String, String> byPath = new TreeMap<>();
    for (int i = 0; i < all.size(); i++)
      byPath.put(root.relativize(all.get(i)).toString(), sums.get(i));
    return byPath;
  }
}
