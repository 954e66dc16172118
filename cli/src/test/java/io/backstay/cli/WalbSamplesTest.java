package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every file that walb-tools 1.0.19 made, none left out, by the commands that one types: it is
 * found whole, and applied it gives the image that walb gives.
 */
class WalbSamplesTest {
  private static final int IMAGE_BYTES = 65536;
  private static final int BIG_IMAGE_BYTES = 4 << 20;

  /**
   * By the name of a file, else by what stands before its first dot: of the image that it gives.
   */
  private static final Map<String, String> SHA256 =
      Map.ofEntries(
          Map.entry("s512", "5665e318f200707e6625a54dda9dce9092f3ec2e237689884b5880aa861f1ab0"),
          Map.entry("s4096", "a26888f5e8f63a88fbba1ec2d904d864bbbb78e563dd95b9f2cd16c7c598ff3c"),
          Map.entry("r512", "46ff81d2d1656ad12469f178522d5246ddd45eba07d3ff87c5864b5171ddbaa2"),
          Map.entry("r4096", "43b6418ada16666e1911fad43a7a6aa13526ce1363cb472ab5fccb5d91164625"),
          Map.entry("hand", "e1652d9bfdfa3a52745e7637bf38e3853690a581e1fb125eb140d025aed0738e"),
          Map.entry(
              "bigdiscard", "d2ed3bc01a90e44b90078dc8f72f4fa4faefe98a24ba5243eec6c11f27e8fcfb"),
          Map.entry("empty", "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31"),
          Map.entry("full", "41ced87fe63b0b965b1d07f56c2a0b08db9ea06841937cf5c7a292c59fef1547"),
          Map.entry(
              "merged.s512-r512.snappy.wdiff",
              "02134aec0b8f89061d15923c99762fe7fd178fc55f1df8e032394aec8e00cae4"),
          Map.entry(
              "merged.s512-r512-s4096.none.wdiff",
              "8933c793d849b6a7a4b0332c4a95a1d2d70cac8a3d3032ed7da5d6c9b7e20d33"),
          Map.entry(
              "recv-16-17", "56a236aa8a87d12c5c1afc46e7333da70cda5039a866ebf8ef81151e0979a67d"),
          Map.entry(
              "20231114221420-M--17-18",
              "56a236aa8a87d12c5c1afc46e7333da70cda5039a866ebf8ef81151e0979a67d"),
          Map.entry(
              "20231114221700----12-13",
              "91df09efa358ee1e0d11329b58746148b5a0440d4676f3b6bbbd46d13f46d66a"));

  @TempDir private Path directory;

  static Stream<Path> wdiffs() throws IOException {
    return samples(".wdiff");
  }

  static Stream<Path> wlogs() throws IOException {
    return samples(".wlog");
  }

  private static Stream<Path> samples(String ending) throws IOException {
    Path samples =
        Path.of(System.getProperty("backstay.root", ".."))
            .resolve("wire-protocol/src/test/resources/walb");
    try (Stream<Path> files = Files.list(samples)) {
      return files.filter(file -> file.toString().endsWith(ending)).sorted().toList().stream();
    }
  }

  @Test
  void noSampleIsLeftOut() throws Exception {
    assertThat(wdiffs()).hasSize(27);
    assertThat(wlogs()).hasSize(6);
    assertThat(samples(".img")).hasSize(1);
  }

  @ParameterizedTest
  @MethodSource("wdiffs")
  void aWdiffIsFoundWholeAndAppliedGivesTheImageThatWalbGives(Path wdiff) throws Exception {
    assertThat(json("inspect", "wdiff", wdiff.toString()).path("findingsCount").asLong(-1))
        .isZero();
    assertApplied(wdiff, wdiff);
  }

  @ParameterizedTest
  @MethodSource("wdiffs")
  void aWdiffMergedIntoTheOtherFormatGivesTheSameImage(Path wdiff) throws Exception {
    String merged = directory.resolve("merged").toString();
    String format = json("inspect", "wdiff", wdiff.toString()).path("format").asText();
    if (format.equals("sorted")) json("merge-wdiff", "--indexed", "--to", merged, wdiff.toString());
    else json("merge-wdiff", "--compression", "zstd:3", "--to", merged, wdiff.toString());
    assertApplied(wdiff, Path.of(merged));
  }

  @ParameterizedTest
  @MethodSource("wlogs")
  void aWlogIsFoundWholeAndConvertedGivesTheImageOfItsReplay(Path wlog) throws Exception {
    assertThat(json("inspect", "wlog", wlog.toString()).path("findingsCount").asLong(-1)).isZero();
    String sorted = directory.resolve("sorted").toString();
    json("convert", "wlog-to-wdiff", wlog.toString(), sorted);
    assertApplied(wlog, Path.of(sorted));
    String indexed = directory.resolve("indexed").toString();
    json("convert", "wlog-to-wdiff", wlog.toString(), indexed, "--indexed");
    assertApplied(wlog, Path.of(indexed));
  }

  @Test
  void theLogDeviceIsFoundWhole() throws Exception {
    Path device = samples(".img").findFirst().orElseThrow();
    JsonNode shown = json("inspect", "log-device", device.toString());
    assertThat(shown.path("findingsCount").asLong(-1)).isZero();
    assertThat(shown.path("end_lsid").asLong()).isEqualTo(2118);
  }

  /** Discards count: where the image is not of zeroes one sees whether they became zeroes. */
  private void assertApplied(Path sample, Path wdiff) throws Exception {
    String name = sample.getFileName().toString();
    String stem = name.substring(0, name.indexOf('.'));
    byte[] image = new byte[stem.equals("bigdiscard") ? BIG_IMAGE_BYTES : IMAGE_BYTES];
    Arrays.fill(image, (byte) (stem.equals("bigdiscard") ? 0xff : 0));
    Path file = Files.write(directory.resolve("image"), image);
    json("apply-wdiff", file.toString(), wdiff.toString());
    byte[] found = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
    assertThat(HexFormat.of().formatHex(found))
        .isEqualTo(SHA256.getOrDefault(name, SHA256.get(stem)));
  }

  private static JsonNode json(String... arguments) throws IOException {
    String[] line =
        Stream.concat(Stream.of("-o", "json"), Stream.of(arguments)).toArray(String[]::new);
    CommandLines.Ran ran = CommandLines.run(Path.of("nowhere"), line);
    assertThat(ran.exit()).as(ran.err()).isZero();
    return Cbor.json().readTree(ran.out());
  }
}
