package io.backstay.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;

/** A large volume with a little random data here and there. */
final class SparseImage {
  private static final int PIECES = 2048;
  private static final int PIECE_BYTES = 1 << 20;
  private static final long SEED = 64;

  private SparseImage() {}

  static void make(Path path, long sizeBytes) throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    try (FileChannel file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(1), sizeBytes - 1);
      for (int i = 0; i < PIECES; i++) {
        ByteBuffer piece = ByteBuffer.wrap(piece(random));
        for (long at = position(i, sizeBytes); piece.hasRemaining(); ) at += file.write(piece, at);
      }
      file.force(true);
    }
  }

  /**
   * @throws BenchException when a piece, or what lies between two of them, is not what was made
   */
  static void check(Path path, long sizeBytes) throws BenchException, IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    byte[] zeroes = new byte[4096];
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      if (file.size() != sizeBytes) {
        throw new BenchException("%s has %d bytes, not %d".formatted(path, file.size(), sizeBytes));
      }
      for (int i = 0; i < PIECES; i++) {
        expect(file, position(i, sizeBytes), piece(random));
        expect(file, position(i, sizeBytes) + PIECE_BYTES, zeroes);
      }
    }
  }

  private static byte[] piece(SplittableRandom random) {
    byte[] piece = new byte[PIECE_BYTES];
    random.nextBytes(piece);
    return piece;
  }

  /** Not aligned to the ranges that are transferred. */
  private static long position(int piece, long sizeBytes) {
    return sizeBytes / PIECES * piece / 4096 * 4096 + 12_288;
  }

  private static void expect(FileChannel file, long at, byte[] expected)
      throws BenchException, IOException {
    ByteBuffer found = ByteBuffer.allocate(expected.length);
    while (found.hasRemaining() && file.read(found, at + found.position()) >= 0) {}
    if (!Arrays.equals(expected, found.array())) {
      throw new BenchException("the restored volume differs from its source at " + at);
    }
  }
}
