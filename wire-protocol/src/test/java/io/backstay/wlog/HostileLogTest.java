package io.backstay.wlog;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.wlog.PackReader.Paddings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Fields of any value under a checksum that fits: read or refused, nothing else. */
class HostileLogTest {
  private static final int ROUNDS = 20_000;
  private static final int SALT = 99;
  private static final long[] EXTREMES = {
    0,
    1,
    -1,
    2,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000L,
    0xffffffffL,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MAX_VALUE - 1,
    1L << 53,
    511,
    512,
    4096
  };

  @Test
  void aPackHeaderIsReadOrFoundInvalid() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      int blockBytes = random.nextBoolean() ? 512 : 4096;
      long lsid = random.nextInt(8) == 0 ? EXTREMES[random.nextInt(EXTREMES.length)] : 5;
      PackBuilder pack = new PackBuilder(blockBytes, 5);
      for (int i = random.nextInt(4); i >= 0; i--) pack.addWrite(i, 1 + random.nextInt(30), i);
      ByteBuffer block = ByteBuffer.allocate(blockBytes).order(ByteOrder.LITTLE_ENDIAN);
      pack.build().write(block, SALT);
      block.flip();
      for (int i = random.nextInt(3); i >= 0; i--) damage(block, 4, 24 + 4 * 32, random);
      if (lsid != 5) block.putLong(8, lsid);
      block.putInt(0, 0).putInt(0, WalbChecksum.of(block, SALT));
      PackReader reader = new PackReader(blockBytes, SALT, Paddings.MAY_BE_EMPTY);
      if (reader.read(block, lsid) instanceof PackReading.Pack(PackHeader header)) {
        assertThat(header.nextLsid()).as("seed %d", seed).isGreaterThan(header.lsid());
        assertThat(header.lsid()).as("seed %d", seed).isEqualTo(lsid);
      }
    }
  }

  @Test
  void aSuperSectorIsReadOrRefused() {
    int valid = 0;
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      ByteBuffer head = head(random);
      for (int i = random.nextInt(3); i >= 0; i--) damage(head, 8, 104, random);
      mend(head, 4, 4096);
      SuperSectors both = SuperSectors.read(head);
      try {
        assertThat(both.chosen().layout().physicalBlock(Long.MAX_VALUE)).isPositive();
        valid++;
      } catch (MalformedLogException expected) {
        assertThat(expected).hasMessageStartingWith("no log device: ");
      }
    }
    assertThat(valid).isBetween(ROUNDS / 20, ROUNDS - ROUNDS / 20);
  }

  private static ByteBuffer head(Random random) {
    ByteBuffer head = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);
    LogLayout layout = LogLayout.forDevice(4096, 1 << 20);
    SuperSector.format(layout, random.nextInt(), new SessionUuid(1, 2), "a", 7, 9).write(head);
    return head.flip().limit(8192);
  }

  /** A walk over a ring of any claimed size, on a device that reads as zeroes, ends. */
  @Test
  void aWalkFromAnyLsidEnds() throws IOException {
    for (long from : EXTREMES) {
      if (from < 0) continue;
      for (long ringBlocks : new long[] {1, 7, 1L << 40}) {
        RedoScan scan =
            new RedoScan(
                new LogLayout(4096, 0, ringBlocks),
                new PackReader(4096, SALT, Paddings.FILLED),
                (_, into) -> into.position(into.limit()));
        assertThat(scan.run(from, (_, _, _) -> {}).lsid()).isEqualTo(from);
      }
    }
  }

  @Test
  void aWlogIsReadOrRefused() throws IOException {
    byte[] sample = Samples.read("hand.wlog");
    int salt = 0x12345678;
    for (int seed = 0; seed < 5_000; seed++) {
      Random random = new Random(seed);
      ByteBuffer wlog = ByteBuffer.wrap(sample.clone()).order(ByteOrder.LITTLE_ENDIAN);
      if (random.nextBoolean()) damage(wlog, 12, 56, random);
      wlog.putInt(8, 0).putInt(8, WalbChecksum.of(wlog, 0, 4096, 0));
      if (random.nextBoolean()) damage(wlog, 4096 + 4, 4096 + 24 + 3 * 32, random);
      wlog.putInt(4096, 0).putInt(4096, WalbChecksum.of(wlog, 4096, 512, salt));
      byte[] bytes =
          new byte[random.nextInt(4) == 0 ? random.nextInt(sample.length) : sample.length];
      wlog.get(0, bytes);
      try {
        WlogReaderTest.items(
            new WlogReader(
                Channels.newChannel(new ByteArrayInputStream(bytes)),
                Paddings.MAY_BE_EMPTY,
                fault -> assertThat(fault.found()).isNotBlank()));
      } catch (MalformedLogException expected) {
        assertThat(expected.getMessage()).as("seed %d", seed).contains("wlog");
      }
    }
  }

  private static void damage(ByteBuffer bytes, int from, int to, Random random) {
    long value =
        random.nextBoolean() ? EXTREMES[random.nextInt(EXTREMES.length)] : random.nextLong();
    int at = from + random.nextInt((to - from) / 2) * 2;
    switch (random.nextInt(3)) {
      case 0 -> bytes.putShort(at, (short) value);
      case 1 -> bytes.putInt(at - at % 4, (int) value);
      default -> bytes.putLong(at - at % 8, value);
    }
  }

  private static void mend(ByteBuffer bytes, int checksumAt, int length) {
    bytes.putInt(checksumAt, 0).putInt(checksumAt, WalbChecksum.of(bytes, 0, length, 0));
  }
}
