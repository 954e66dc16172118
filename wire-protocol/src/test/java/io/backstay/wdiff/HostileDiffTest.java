package io.backstay.wdiff;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffPack.Reading;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Fields of any value under a checksum that fits: read or refused, nothing else. */
class HostileDiffTest {
  private static final int ROUNDS = 20_000;
  private static final long[] EXTREMES = {
    0,
    1,
    -1,
    2,
    4,
    127,
    128,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000L,
    0xffffffffL,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MAX_VALUE / 512,
    65536,
    65537,
    33554432,
    512
  };

  @Test
  void aPackIsReadOrFoundInvalid() {
    int valid = 0;
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      ByteBuffer block = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
      pack(random).write(block);
      block.flip();
      for (int i = random.nextInt(3); i > 0; i--) damage(block, 4, 16 + 4 * 32, random);
      block.putInt(0, 0).putInt(0, WalbChecksum.of(block, 0));
      if (!(DiffPack.read(block) instanceof Reading.Pack(DiffPack read))) continue;
      valid++;
      long reached = 0;
      int bytes = 0;
      for (DiffRecord record : read.records()) {
        assertThat(record.offsetSectors()).as("seed %d", seed).isGreaterThanOrEqualTo(reached);
        assertThat(record.dataOffset()).as("seed %d", seed).isEqualTo(bytes);
        reached = record.endSectors();
        bytes += record.dataBytes();
      }
      assertThat(read.bodyBytes()).as("seed %d", seed).isEqualTo(bytes);
    }
    assertThat(valid).isBetween(ROUNDS / 20, ROUNDS - ROUNDS / 20);
  }

  @Test
  void aRecordOfAnIndexIsReadOrRefused() {
    int valid = 0;
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      ByteBuffer bytes = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
      IndexRecord.Shown shown =
          new IndexRecord.Shown(Compression.Type.LZ4, 32, 9, random.nextInt(3), 8, 1);
      new IndexRecord(random.nextInt(100), 1 + random.nextInt(4), Kind.NORMAL, shown).write(bytes);
      bytes.flip();
      for (int i = random.nextInt(3); i > 0; i--) damage(bytes, 0, 44, random);
      bytes.putInt(44, 0).putInt(44, WalbChecksum.of(bytes, 0));
      try {
        IndexRecord read = IndexRecord.read(bytes);
        valid++;
        assertThat(read.endSectors()).as("seed %d", seed).isGreaterThan(read.offsetSectors());
        if (read.kind() == Kind.NORMAL)
          assertThat(read.data().fromSector() + read.sectors())
              .as("seed %d", seed)
              .isBetween(1, read.data().payloadSectors());
      } catch (MalformedDiffException expected) {
        assertThat(expected).hasMessageMatching("(?s).+");
      }
    }
    assertThat(valid).isBetween(ROUNDS / 20, ROUNDS - ROUNDS / 20);
  }

  private static DiffPack pack(Random random) {
    List<DiffRecord> records = new ArrayList<>();
    long at = random.nextInt(100);
    int bytes = 0;
    for (int i = random.nextInt(4); i >= 0; i--) {
      int sectors = 1 + random.nextInt(9);
      boolean normal = random.nextBoolean();
      records.add(
          normal
              ? new DiffRecord(
                  at, sectors, Kind.NORMAL, Compression.Type.SNAPPY, bytes, 40, random.nextInt())
              : DiffRecord.withoutData(at, sectors, Kind.DISCARD, bytes));
      bytes += normal ? 40 : 0;
      at += sectors + random.nextInt(3);
    }
    return new DiffPack(records, bytes);
  }

  private static void damage(ByteBuffer bytes, int from, int end, Random random) {
    long value =
        random.nextBoolean() ? EXTREMES[random.nextInt(EXTREMES.length)] : random.nextInt(300);
    switch (random.nextInt(4)) {
      case 0 -> bytes.put(from + random.nextInt(end - from), (byte) value);
      case 1 -> bytes.putShort(from + random.nextInt(end - from - 1), (short) value);
      case 2 -> bytes.putInt(from + random.nextInt((end - from) / 4) * 4, (int) value);
      default -> bytes.putLong(from + random.nextInt((end - from - 4) / 4) * 4, value);
    }
  }
}
