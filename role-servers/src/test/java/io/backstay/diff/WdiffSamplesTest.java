package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Compression;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sorted wdiffs that walb-tools 1.0.19 made, and wdiffs of the wlogs that they were made of. */
class WdiffSamplesTest {
  private static final String S512 =
      "5665e318f200707e6625a54dda9dce9092f3ec2e237689884b5880aa861f1ab0";
  private static final String S4096 =
      "a26888f5e8f63a88fbba1ec2d904d864bbbb78e563dd95b9f2cd16c7c598ff3c";
  private static final String R512 =
      "46ff81d2d1656ad12469f178522d5246ddd45eba07d3ff87c5864b5171ddbaa2";
  private static final String R4096 =
      "43b6418ada16666e1911fad43a7a6aa13526ce1363cb472ab5fccb5d91164625";
  private static final String HAND =
      "e1652d9bfdfa3a52745e7637bf38e3853690a581e1fb125eb140d025aed0738e";
  private static final String BIG =
      "d2ed3bc01a90e44b90078dc8f72f4fa4faefe98a24ba5243eec6c11f27e8fcfb";
  private static final String S512_R512 =
      "02134aec0b8f89061d15923c99762fe7fd178fc55f1df8e032394aec8e00cae4";
  private static final String S512_R512_S4096 =
      "8933c793d849b6a7a4b0332c4a95a1d2d70cac8a3d3032ed7da5d6c9b7e20d33";

  @ParameterizedTest
  @CsvSource({
    "s512.sorted.snappy.wdiff, 65536, 0, " + S512,
    "s512.sorted.gzip.wdiff, 65536, 0, " + S512,
    "s512.sorted.lz4.wdiff, 65536, 0, " + S512,
    "s4096.sorted.snappy.wdiff, 65536, 0, " + S4096,
    "s4096.sorted.lzma.wdiff, 65536, 0, " + S4096,
    "s4096.sorted.zstd.wdiff, 65536, 0, " + S4096,
    "r512.sorted.snappy.wdiff, 65536, 0, " + R512,
    "r4096.sorted.snappy.wdiff, 65536, 0, " + R4096,
    "hand.sorted.snappy.wdiff, 65536, 0, " + HAND,
    "bigdiscard.sorted.snappy.wdiff, 4194304, 255, " + BIG,
    "merged.s512-r512.snappy.wdiff, 65536, 0, " + S512_R512,
    "merged.s512-r512-s4096.none.wdiff, 65536, 0, " + S512_R512_S4096,
    "empty.sorted.wdiff, 65536, 0, de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31",
    "full.sorted.wdiff, 65536, 0, 41ced87fe63b0b965b1d07f56c2a0b08db9ea06841937cf5c7a292c59fef1547",
    "recv-16-17.zstd.sorted.wdiff, 65536, 0, 56a236aa8a87d12c5c1afc46e7333da70cda5039a866ebf8ef81151e0979a67d",
    "20231114221700----12-13.wdiff, 65536, 0, 91df09efa358ee1e0d11329b58746148b5a0440d4676f3b6bbbd46d13f46d66a"
  })
  void appliedItGivesTheImageThatWalbGives(String name, int bytes, int fill, String sha256)
      throws IOException {
    try (DiffMerge diff = Wdiffs.merge(Wdiffs.sample(name))) {
      assertThat(Wdiffs.sha256(Wdiffs.image(bytes, fill, diff))).isEqualTo(sha256);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "s512.indexed.snappy.wdiff, 65536, 0, " + S512,
    "s512.indexed.gzip.lib.wdiff, 65536, 0, " + S512,
    "s512.indexed.maxio4.lib.wdiff, 65536, 0, " + S512,
    "s4096.indexed.snappy.wdiff, 65536, 0, " + S4096,
    "s4096.indexed.zstd.lib.wdiff, 65536, 0, " + S4096,
    "r512.indexed.snappy.wdiff, 65536, 0, " + R512,
    "r4096.indexed.snappy.wdiff, 65536, 0, " + R4096,
    "hand.indexed.snappy.wdiff, 65536, 0, " + HAND,
    "bigdiscard.indexed.snappy.wdiff, 4194304, 255, " + BIG,
    "empty.indexed.wdiff, 65536, 0, de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31",
    "20231114221420-M--17-18.wdiff, 65536, 0, 56a236aa8a87d12c5c1afc46e7333da70cda5039a866ebf8ef81151e0979a67d"
  })
  void soDoesAnIndexedOneAndWhatIsMadeOfItSortedOrIndexed(
      String name, int bytes, int fill, String sha256) throws IOException {
    byte[] sample = Wdiffs.sample(name);
    try (DiffMerge diff = Wdiffs.indexed(sample)) {
      assertThat(Wdiffs.sha256(Wdiffs.image(bytes, fill, diff))).isEqualTo(sha256);
    }
    byte[] sorted;
    try (DiffMerge diff = Wdiffs.indexed(sample)) {
      sorted = Wdiffs.written(Compression.DEFAULT, diff::writeTo);
    }
    byte[] indexed;
    try (DiffMerge diff = Wdiffs.merge(sorted)) {
      indexed = Wdiffs.writtenIndexed(Compression.DEFAULT, diff::writeTo);
    }
    try (DiffMerge diff = Wdiffs.indexed(indexed)) {
      assertThat(Wdiffs.sha256(Wdiffs.image(bytes, fill, diff))).isEqualTo(sha256);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "s512, 65536, 0, " + S512,
    "s4096, 65536, 0, " + S4096,
    "r512, 65536, 0, " + R512,
    "r4096, 65536, 0, " + R4096,
    "hand, 65536, 0, " + HAND,
    "bigdiscard, 4194304, 255, " + BIG
  })
  void theDiffOfAWlogGivesTheImageThatItsReplayGives(
      String name, int bytes, int fill, String sha256) throws IOException {
    DiffBuilder builder = Wdiffs.built(Wdiffs.sample(name + ".wlog"));
    byte[] wdiff = Wdiffs.written(Compression.DEFAULT, builder::writeTo);
    try (DiffMerge diff = Wdiffs.merge(wdiff)) {
      assertThat(Wdiffs.sha256(Wdiffs.image(bytes, fill, diff))).isEqualTo(sha256);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip", "snappy", "lzma", "lz4", "zstd:3"})
  void mergedAndWrittenWithAnyCompressionTheyGiveTheImageOfAll(String compression)
      throws IOException {
    byte[] wdiff;
    try (DiffMerge merge =
        Wdiffs.merge(
            Wdiffs.sample("s512.sorted.gzip.wdiff"),
            Wdiffs.sample("r512.sorted.snappy.wdiff"),
            Wdiffs.sample("s4096.sorted.zstd.wdiff"))) {
      wdiff = Wdiffs.written(Compression.parse(compression), merge::writeTo);
    }
    try (DiffMerge diff = Wdiffs.merge(wdiff)) {
      assertThat(Wdiffs.sha256(Wdiffs.image(65536, 0, diff))).isEqualTo(S512_R512_S4096);
    }
  }

  @Test
  void aDiffOfNothingHasTheBytesThatWalbWrites() throws IOException {
    byte[] walb = Wdiffs.sample("empty.sorted.wdiff");
    byte[] ours = Wdiffs.written(Compression.NONE, out -> {});
    assertThat(ours).hasSize(walb.length).endsWith(java.util.Arrays.copyOfRange(walb, 32, 4128));
  }
}
