package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.MalformedDiffException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class CodecsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "none", "gzip", "gzip:1", "gzip:9", "snappy", "lzma", "lzma:9", "lz4", "lz4:9", "zstd",
        "zstd:9"
      })
  void whatWasCompressedUnpacksToTheSame(String compression) throws Exception {
    try (Codecs codecs = new Codecs()) {
      for (int seed = 0; seed < 30; seed++) {
        ByteBuffer raw = content(seed, 1 + new Random(seed).nextInt(40));
        ByteBuffer stored = ByteBuffer.allocateDirect(Codecs.roomFor(raw.remaining()));
        Compression.Type type = codecs.compress(Compression.parse(compression), raw, stored);
        ByteBuffer again = ByteBuffer.allocateDirect(raw.remaining());
        codecs.unpack(record(raw, stored.flip(), type), stored, again);
        assertThat(again.flip()).as("seed %d", seed).isEqualTo(raw);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void aDamagedPayloadIsRefusedOrUnpacksToItsLength(Compression.Type type) {
    int refused = 0;
    try (Codecs codecs = new Codecs()) {
      for (int seed = 0; seed < 400; seed++) {
        Random random = new Random(seed);
        ByteBuffer raw = compressible(seed, 8);
        ByteBuffer stored = ByteBuffer.allocateDirect(Codecs.roomFor(raw.remaining()));
        codecs.compress(new Compression(type, 0), raw, stored);
        stored.flip();
        for (int i = random.nextInt(4); i >= 0; i--)
          stored.put(random.nextInt(stored.limit()), (byte) random.nextInt());
        if (random.nextInt(4) == 0) stored.limit(1 + random.nextInt(stored.limit()));
        ByteBuffer again = ByteBuffer.allocateDirect(raw.remaining());
        try {
          codecs.unpack(record(raw, stored, type), stored, again);
          assertThat(again.remaining()).as("seed %d", seed).isZero();
        } catch (MalformedDiffException e) {
          refused++;
        }
      }
    }
    assertThat(refused).isPositive();
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void aPayloadThatUnpacksToMoreThanItsRecordHasIsRefused(Compression.Type type) {
    ByteBuffer raw = compressible(1, 16);
    ByteBuffer stored = ByteBuffer.allocateDirect(Codecs.roomFor(raw.remaining()));
    try (Codecs codecs = new Codecs()) {
      codecs.compress(new Compression(type, 0), raw, stored);
      for (int sectors : new int[] {15, 17}) {
        ByteBuffer room = ByteBuffer.allocateDirect(512 * sectors);
        DiffRecord record = record(room, stored.duplicate().flip(), type);
        assertThatThrownBy(() -> codecs.unpack(record, stored.duplicate().flip(), room))
            .isInstanceOf(MalformedDiffException.class)
            .hasMessageContaining("should unpack to " + 512 * sectors);
      }
    }
  }

  @Test
  void whatIsPutBehindAPayloadIsRefusedWhereTheCodecCanTell() {
    ByteBuffer raw = compressible(1, 16);
    try (Codecs codecs = new Codecs()) {
      for (Compression.Type type :
          new Compression.Type[] {Compression.Type.GZIP, Compression.Type.ZSTD}) {
        ByteBuffer stored = ByteBuffer.allocateDirect(Codecs.roomFor(raw.remaining()));
        codecs.compress(new Compression(type, 0), raw, stored);
        stored.put((byte) 7).flip();
        ByteBuffer room = ByteBuffer.allocateDirect(raw.remaining());
        assertThatThrownBy(() -> codecs.unpack(record(raw, stored, type), stored, room))
            .isInstanceOf(MalformedDiffException.class);
      }
    }
  }

  private static DiffRecord record(ByteBuffer raw, ByteBuffer stored, Compression.Type type) {
    return new DiffRecord(0, raw.capacity() / 512, Kind.NORMAL, type, 0, stored.remaining(), 0);
  }

  private static ByteBuffer content(int seed, int sectors) {
    if (seed % 3 > 0) return compressible(seed, sectors);
    byte[] random = new byte[512 * sectors];
    new Random(seed).nextBytes(random);
    return ByteBuffer.allocateDirect(random.length).put(random).flip();
  }

  private static ByteBuffer compressible(int seed, int sectors) {
    Random random = new Random(seed);
    ByteBuffer raw = ByteBuffer.allocateDirect(512 * sectors);
    while (raw.hasRemaining()) raw.put((byte) (random.nextInt(20) == 0 ? random.nextInt() : 'a'));
    return raw.flip();
  }
}
