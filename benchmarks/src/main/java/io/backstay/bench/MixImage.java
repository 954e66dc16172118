package io.backstay.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The volume that is backed up: an ext4 file system with files that fill three fifths of it, half
 * of them random and half words, the rest zero. Made once for each size.
 *
 * <p>By default every byte of it is written, as on a block device; with holes the zeroes cost
 * nobody a read.
 */
final class MixImage {
  private static final long SEED = 20261121;
  private static final double FULL = 0.6;
  private static final int PIECE_BYTES = 1 << 20;

  private final Path directory;
  private final Meter meter;
  private final Console console;

  MixImage(Path directory, Meter meter, Console console) {
    this.directory = directory;
    this.meter = meter;
    this.console = console;
  }

  /** What stands where the volume holds zeroes. */
  enum Zeroes {
    WRITTEN,
    HOLES
  }

  /** How much of an image is files. */
  static long bytesNotZero(long sizeBytes) {
    return (long) (sizeBytes * FULL);
  }

  /** Path of the image. */
  Path make(long sizeBytes, Zeroes zeroes)
      throws BenchException, IOException, InterruptedException {
    String name =
        "mix-%d-%s".formatted(sizeBytes, zeroes.name().toLowerCase(java.util.Locale.ROOT));
    Path image = directory.resolve(name + ".img");
    if (Files.exists(image)) return image;
    console.say("making the image (%s), once", Quantities.text(sizeBytes));
    Path files = directory.resolve(name + ".files");
    Path sparse = directory.resolve(name + ".sparse");
    Path fresh = directory.resolve(name + ".fresh");
    Workplace.delete(files);
    Files.deleteIfExists(sparse);
    fill(files, bytesNotZero(sizeBytes));
    meter.run("mke2fs", makeFileSystem(files, sparse, sizeBytes), Map.of());
    Workplace.delete(files);
    switch (zeroes) {
      case HOLES -> Files.move(sparse, image);
      case WRITTEN -> {
        meter.run("dd", copyWithZeroes(sparse, fresh), Map.of());
        Files.delete(sparse);
        Files.move(fresh, image);
      }
    }
    return image;
  }

  private static List<String> makeFileSystem(Path files, Path image, long sizeBytes) {
    return List.of(
        "env",
        "PATH=" + System.getenv("PATH") + ":/usr/sbin:/sbin",
        "mke2fs",
        "-q",
        "-F",
        "-t",
        "ext4",
        "-U",
        "00000000-0000-4000-8000-000020261121",
        "-d",
        files.toString(),
        image.toString(),
        sizeBytes / 1024 + "k");
  }

  private static List<String> copyWithZeroes(Path sparse, Path image) {
    return List.of("dd", "if=" + sparse, "of=" + image, "bs=1M", "oflag=direct", "conv=fsync");
  }

  private static void fill(Path folder, long bytes) throws IOException {
    Filling filling = new Filling(SEED);
    byte[] piece = new byte[PIECE_BYTES];
    long left = bytes;
    for (int i = 0; left > 0; i++) {
      Path below = Files.createDirectories(folder.resolve("d%03d".formatted(i / 200)));
      long fileBytes = Math.min(left, filling.fileBytes());
      boolean random = filling.coin();
      try (OutputStream out = Files.newOutputStream(below.resolve("f%05d".formatted(i)))) {
        for (long written = 0; written < fileBytes; written += piece.length) {
          if (random) filling.random(piece);
          else filling.text(piece);
          out.write(piece, 0, (int) Math.min(piece.length, fileBytes - written));
        }
      }
      left -= fileBytes;
    }
  }
}
