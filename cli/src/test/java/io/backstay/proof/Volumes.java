package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** Sources with contents that a seed makes again. */
final class Volumes {
  static final int MIB = 1 << 20;

  private Volumes() {}

  /** A sparse file: of every five MiB one is a hole, the others are random. */
  static Path make(Path file, int mebibytes, long seed) throws IOException {
    Random random = new Random(seed);
    byte[] content = new byte[MIB];
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      for (int i = 0; i < mebibytes; i++) {
        random.nextBytes(content);
        if (!isHole(i)) channel.write(ByteBuffer.wrap(content), (long) i * MIB);
      }
      if (channel.size() < (long) mebibytes * MIB) {
        channel.write(ByteBuffer.allocate(1), (long) mebibytes * MIB - 1);
      }
      channel.force(true);
    }
    return file;
  }

  private static boolean isHole(long mebibyte) {
    return mebibyte % 5 == 3;
  }

  /** Bytes of data in such a file between two places, rounded up to whole MiB. */
  static long dataBytes(long from, long to) {
    long data = 0;
    for (long i = from / MIB; i * MIB < to; i++) if (!isHole(i)) data += MIB;
    return data;
  }

  /** The same bytes, compared as they are: neither file may be longer. */
  static void assertSameBytes(Path expected, Path actual) throws IOException {
    assertThat(Files.mismatch(expected, actual))
        .as("offset of the first byte of %s that is not as in %s", actual, expected)
        .isEqualTo(-1);
  }
}
