package io.backstay.diff;

import io.backstay.wlog.PackBuilder;
import io.backstay.wlog.PackHeader;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Writes, zeroes and discards from a seed, as packs of a log and as what they make of an image. */
final class RandomLog {
  static final int SECTORS = 600;

  private final Random random;
  private final int blockBytes;
  private long lsid = 100;

  RandomLog(long seed) {
    random = new Random(seed);
    blockBytes = random.nextBoolean() ? 512 : 4096;
  }

  Random random() {
    return random;
  }

  byte[] image() {
    return new byte[512 * SECTORS];
  }

  /** A stretch of the log, which is also done to the image. */
  DiffBuilder next(byte[] image) {
    DiffBuilder diff = new DiffBuilder();
    for (int packs = random.nextInt(4); packs > 0; packs--) pack(diff, image);
    return diff;
  }

  private void pack(DiffBuilder diff, byte[] image) {
    PackBuilder pack = new PackBuilder(blockBytes, lsid);
    ByteBuffer data = ByteBuffer.allocateDirect(15 * 65536);
    for (int records = 1 + random.nextInt(8); records > 0; records--) {
      int sectors = 1 + random.nextInt(random.nextInt(8) == 0 ? 100 : 16);
      int sector = random.nextInt(SECTORS - sectors);
      int from = 512 * sector;
      int bytes = 512 * sectors;
      switch (random.nextInt(6)) {
        case 0 -> {
          pack.addDiscard(sector, sectors);
          Arrays.fill(image, from, from + bytes, (byte) 0);
        }
        default -> {
          byte[] content = content(bytes);
          pack.addWrite(sector, sectors, 0);
          System.arraycopy(content, 0, image, from, bytes);
          data.put(content);
          // What stands behind a write in its last block means nothing.
          while (data.position() % blockBytes != 0) data.put((byte) random.nextInt());
        }
      }
    }
    PackHeader header = pack.build();
    lsid = header.nextLsid();
    diff.add(header, data.flip());
  }

  private byte[] content(int bytes) {
    byte[] content = new byte[bytes];
    switch (random.nextInt(5)) {
      case 0 -> {} // Zeroes.
      case 1 -> Arrays.fill(content, (byte) random.nextInt());
      case 2 -> content[random.nextInt(bytes)] = 1;
      default -> random.nextBytes(content);
    }
    return content;
  }
}
