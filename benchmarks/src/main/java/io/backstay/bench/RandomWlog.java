package io.backstay.bench;

import io.backstay.wlog.PackBuilder;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import io.backstay.wlog.WlogHeader;
import io.backstay.wlog.WlogWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * A log of random writes of 4 to 32 KiB, from a seed: half of each write is random, half of it
 * words, so that it shrinks by somewhat less than half.
 */
final class RandomWlog {
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS_MAX = 8;
  private static final int SECTORS = BLOCK_BYTES / 512;
  private static final int SALT = 12345;
  private static final int CONTENT_BYTES = 1 << 20;

  private final SplittableRandom random;
  private final ByteBuffer content = ByteBuffer.allocateDirect(CONTENT_BYTES);

  private RandomWlog(long seed) {
    random = new SplittableRandom(seed);
    byte[] words = "the quick brown fox jumps over the lazy dog and ".getBytes();
    while (content.remaining() >= BLOCK_BYTES) {
      byte[] block = new byte[BLOCK_BYTES];
      random.nextBytes(block);
      for (int i = BLOCK_BYTES / 2; i < BLOCK_BYTES; i++) block[i] = words[i % words.length];
      content.put(block);
    }
  }

  static void make(Path file, long bytes, long volumeBytes, long seed) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      new RandomWlog(seed).write(out, bytes, volumeBytes);
      out.force(true);
    }
  }

  private void write(FileChannel out, long bytes, long volumeBytes) throws IOException {
    WlogHeader header =
        new WlogHeader(BLOCK_BYTES, SALT, new SessionUuid(1, 2), 0, OptionalLong.empty());
    WlogWriter writer = WlogWriter.begin(out, header);
    int most = PackHeader.recordsMax(BLOCK_BYTES);
    ByteBuffer data = ByteBuffer.allocateDirect(most * BLOCKS_MAX * BLOCK_BYTES);
    while (writer.lsid() * BLOCK_BYTES < bytes) {
      PackBuilder pack = new PackBuilder(BLOCK_BYTES, writer.lsid());
      data.clear();
      for (int i = 0; i < most; i++) {
        int blocks = 1 + random.nextInt(BLOCKS_MAX);
        int from = random.nextInt(CONTENT_BYTES / BLOCK_BYTES - blocks) * BLOCK_BYTES;
        ByteBuffer write = content.slice(from, blocks * BLOCK_BYTES);
        long at = random.nextLong(volumeBytes / BLOCK_BYTES - blocks) * SECTORS;
        pack.addWrite(at, blocks * SECTORS, WalbChecksum.of(write, SALT));
        data.put(write);
      }
      writer.pack(pack.build());
      writer.data(data.flip());
    }
    writer.end();
  }
}
