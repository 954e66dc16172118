package io.backstay.proof;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
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

  static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[MIB];
      for (int n; (n = in.read(buffer)) > 0; ) digest.update(buffer, 0, n);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
