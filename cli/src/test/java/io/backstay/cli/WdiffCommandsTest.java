package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import io.backstay.wlog.PackBuilder;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import io.backstay.wlog.WlogHeader;
import io.backstay.wlog.WlogWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of walb and of our own: converted, merged, applied, looked at; whole and damaged. */
class WdiffCommandsTest {
  private static final String S512 =
      "5665e318f200707e6625a54dda9dce9092f3ec2e237689884b5880aa861f1ab0";
  private static final String S512_R512 =
      "02134aec0b8f89061d15923c99762fe7fd178fc55f1df8e032394aec8e00cae4";

  @TempDir Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private byte[] stdin = new byte[0];

  @ParameterizedTest
  @CsvSource({
    "sorted, snappy",
    "sorted, zstd:3",
    "sorted, none",
    "indexed, snappy",
    "indexed, lz4"
  })
  void aConvertedWlogAppliedGivesTheImageOfItsReplay(String format, String compression)
      throws IOException {
    List<String> convert = new ArrayList<>(List.of("convert", "wlog-to-wdiff"));
    convert.addAll(List.of(sample("s512.wlog"), at("d.wdiff"), "--compression", compression));
    if (format.equals("indexed")) convert.add("--indexed");
    JsonNode made = json(0, "convert-wlog-to-wdiff", convert.toArray(String[]::new));
    assertThat(made.path("format").asText()).isEqualTo(format);
    assertThat(made.path("records").asLong()).isEqualTo(24 + 13 + 4);
    assertThat(made.path("fileBytes").asLong()).isEqualTo(Files.size(Path.of(at("d.wdiff"))));
    JsonNode done = json(0, "apply-wdiff", "apply-wdiff", image(65536), at("d.wdiff"));
    assertThat(done.path("bytesWritten").asLong()).isPositive();
    assertThat(sha256(image())).isEqualTo(S512);
    assertThat(files()).containsExactly("d.wdiff", "image");
  }

  @Test
  void theWlogMayComeFromStdin() throws IOException {
    stdin = Files.readAllBytes(Path.of(sample("s512.wlog")));
    assertThat(execute("convert", "wlog-to-wdiff", "-", at("d.wdiff"))).as(err()).isZero();
    assertThat(execute("apply-wdiff", image(65536), at("d.wdiff"))).isZero();
    assertThat(sha256(image())).isEqualTo(S512);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sorted", "indexed"})
  void mergedWdiffsOfBothFormatsGiveTheImageOfAll(String format) throws IOException {
    List<String> merge = new ArrayList<>(List.of("merge-wdiff", "--to", at("m.wdiff")));
    merge.addAll(List.of(sample("s512.sorted.snappy.wdiff"), sample("r512.indexed.snappy.wdiff")));
    if (format.equals("indexed")) merge.add("--indexed");
    JsonNode made = json(0, "merge-wdiff", merge.toArray(String[]::new));
    assertThat(made.path("inputs").asInt()).isEqualTo(2);
    assertThat(execute("apply-wdiff", image(65536), at("m.wdiff"))).isZero();
    assertThat(sha256(image())).isEqualTo(S512_R512);
  }

  @Test
  void severalWdiffsAreAppliedInTheOrderGiven() throws IOException {
    String older = sample("s512.sorted.gzip.wdiff");
    String newer = sample("r512.sorted.snappy.wdiff");
    assertThat(execute("apply-wdiff", image(65536), older, newer)).as(err()).isZero();
    assertThat(sha256(image())).isEqualTo(S512_R512);
  }

  @Test
  void moreWdiffsThanAreOpenAtOnceAreMergedInGroups() throws IOException {
    List<String> merge = new ArrayList<>(List.of("merge-wdiff", "--to", at("m.wdiff")));
    for (int i = 0; i < 150; i++) merge.add(sample("s512.sorted.snappy.wdiff"));
    merge.add(sample("r512.sorted.snappy.wdiff"));
    assertThat(execute(merge.toArray(String[]::new))).as(err()).isZero();
    assertThat(execute("apply-wdiff", image(65536), at("m.wdiff"))).isZero();
    assertThat(sha256(image())).isEqualTo(S512_R512);
    assertThat(files()).containsExactly("image", "m.wdiff");
  }

  @Test
  void aLogThatIsLongerThanMemoryHoldsIsPutAsideInPiecesAndMerged() throws IOException {
    byte[] image = new byte[1 << 20];
    Path wlog = directory.resolve("long.wlog");
    writeLongWlog(wlog, image, 160);
    assertThat(Files.size(wlog)).isGreaterThan(150L << 20);
    assertThat(execute("convert", "wlog-to-wdiff", wlog.toString(), at("d.wdiff")))
        .as(err())
        .isZero();
    assertThat(execute("apply-wdiff", image(image.length), at("d.wdiff"))).isZero();
    assertThat(Arrays.equals(Files.readAllBytes(Path.of(image())), image)).isTrue();
    assertThat(files()).containsExactly("d.wdiff", "image", "long.wlog");
  }

  @Test
  void whatIsThereIsNotOverwritten() throws IOException {
    Files.writeString(directory.resolve("d.wdiff"), "mine");
    String[][] commands = {
      {"convert", "wlog-to-wdiff", sample("s512.wlog"), at("d.wdiff")},
      {"merge-wdiff", "--to", at("d.wdiff"), sample("s512.sorted.snappy.wdiff")}
    };
    for (String[] command : commands) {
      assertThat(execute(command)).isEqualTo(4);
      assertThat(err()).contains("[not-empty, exit 4]");
    }
    assertThat(Files.readString(directory.resolve("d.wdiff"))).isEqualTo("mine");
  }

  @Test
  void aDamagedOrTruncatedInputLeavesNoNewFile() throws IOException {
    byte[] wlog = Files.readAllBytes(Path.of(sample("s512.wlog")));
    byte[] damaged = wlog.clone();
    damaged[4096 + 512]++;
    byte[] wdiff = Files.readAllBytes(Path.of(sample("s512.sorted.snappy.wdiff")));
    Path bad = directory.resolve("bad");
    for (byte[] content : List.of(damaged, Arrays.copyOf(wlog, 7000), new byte[9000], wdiff)) {
      Files.write(bad, content);
      assertThat(execute("convert", "wlog-to-wdiff", bad.toString(), at("d.wdiff"))).isEqualTo(1);
      assertThat(err()).contains("that is not of this format");
    }
    for (byte[] content : List.of(Arrays.copyOf(wdiff, 5000), new byte[9000], wlog)) {
      Files.write(bad, content);
      assertThat(execute("merge-wdiff", "--to", at("d.wdiff"), bad.toString())).isEqualTo(1);
      assertThat(err()).contains("that is not of this format", bad.toString());
    }
    assertThat(files()).containsExactly("bad");
  }

  @Test
  void aDamagedWdiffLeavesTheImageAsItWas() throws IOException {
    byte[] wdiff = Files.readAllBytes(Path.of(sample("s512.sorted.snappy.wdiff")));
    wdiff[wdiff.length - 4097] ^= 1; // the last payload
    Path damaged = Files.write(directory.resolve("damaged"), wdiff);
    String image = image(65536);
    assertThat(execute("apply-wdiff", image, sample("r512.sorted.snappy.wdiff"), damaged + ""))
        .isEqualTo(1);
    assertThat(Files.readAllBytes(Path.of(image))).containsOnly(0);
  }

  @Test
  void anImageThatIsSmallerThanTheVolumeWasIsRefused() throws IOException {
    assertThat(execute("apply-wdiff", image(512), sample("s512.sorted.snappy.wdiff"))).isEqualTo(4);
    assertThat(err()).contains("[too-small, exit 4]", "truncate -s ");
  }

  @Test
  void whatIsNotThereEndsWith6() {
    assertThat(execute("convert", "wlog-to-wdiff", at("none"), at("d.wdiff"))).isEqualTo(6);
    assertThat(execute("merge-wdiff", "--to", at("d.wdiff"), at("none"))).isEqualTo(6);
    assertThat(execute("apply-wdiff", at("none"), sample("s512.sorted.snappy.wdiff"))).isEqualTo(6);
    assertThat(execute("inspect", "wdiff", at("none"))).isEqualTo(6);
    assertThat(execute("merge-wdiff", "--to", at("no/d"), sample("s512.sorted.snappy.wdiff")))
        .isEqualTo(6);
  }

  @Test
  void aCompressionThatThereIsNotEndsWith2() {
    assertThat(
            execute(
                "convert", "wlog-to-wdiff", sample("s512.wlog"), at("d"), "--compression", "rar"))
        .isEqualTo(2);
    assertThat(err()).contains("none, gzip, snappy, lzma, lz4 or zstd");
  }

  @Test
  void aSortedWdiffIsShownInWordsOfWalb() throws IOException {
    JsonNode shown =
        json(0, "inspect-wdiff", "inspect", "wdiff", "--records", sample("full.sorted.wdiff"));
    assertThat(shown.path("format").asText()).isEqualTo("sorted");
    assertThat(shown.path("packs").asInt()).isOne();
    assertThat(shown.path("records")).hasSize(2);
    assertThat(shown.path("records").path(1).path("io_address").asLong()).isOne();
    assertThat(shown.path("totals").path("normalBytes").asLong()).isEqualTo(1024);
    assertThat(shown.path("totals").path("endSector").asLong()).isEqualTo(2);
  }

  @Test
  void anIndexedWdiffIsShownWithThePiecesOfItsPayloads() throws IOException {
    String file = sample("bigdiscard.indexed.snappy.wdiff");
    JsonNode shown = json(0, "inspect-wdiff", "inspect", "wdiff", "--records", file);
    assertThat(shown.path("n_data").asInt()).isEqualTo(3);
    List<Integer> offsets = new ArrayList<>();
    for (JsonNode record : shown.path("records"))
      if (record.path("kind").asText().equals("normal"))
        offsets.add(record.path("io_offset").asInt());
    assertThat(offsets).containsExactly(0, 2);
    out.reset();
    assertThat(execute("inspect", "wdiff", file)).isZero();
    assertThat(out()).contains("indexed wdiff, uuid", "nothing is wrong");
  }

  @Test
  void damageIsToldWithItsPlaceAndEndsWith10() throws IOException {
    byte[] wdiff = Files.readAllBytes(Path.of(sample("s512.sorted.snappy.wdiff")));
    wdiff[32 + 4096 + 5] ^= 1; // the first payload
    Path damaged = Files.write(directory.resolve("damaged"), wdiff);
    JsonNode shown = json(10, "inspect-wdiff", "inspect", "wdiff", damaged.toString());
    assertThat(shown.path("findingsCount").asLong()).isOne();
    assertThat(shown.path("totals").path("normal").asLong()).isGreaterThan(1);
    wdiff[32 + 4096 + 5] ^= 1;
    Files.write(damaged, Arrays.copyOf(wdiff, 5000));
    shown = json(10, "inspect-wdiff", "inspect", "wdiff", damaged.toString());
    assertThat(shown.path("findings").path(0).path("found").asText())
        .contains("the middle of a pack");
    assertThat(execute("inspect", "wdiff", sample("s512.wlog"))).isEqualTo(1);
  }

  /** Packs of 15 writes of 64 KiB over and over the same MiB. */
  private static void writeLongWlog(Path wlog, byte[] image, int packs) throws IOException {
    Random random = new Random(7);
    int salt = 99;
    try (FileChannel file =
        FileChannel.open(wlog, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      WlogWriter writer =
          WlogWriter.begin(
              file, new WlogHeader(512, salt, new SessionUuid(1, 2), 0, OptionalLong.empty()));
      for (int i = 0; i < packs; i++) {
        PackBuilder pack = new PackBuilder(512, writer.lsid());
        ByteBuffer data = ByteBuffer.allocate(15 * 65536);
        for (int record = 0; record < 15; record++) {
          int at = 512 * random.nextInt(image.length / 512 - 127);
          byte[] write = new byte[65536];
          // Half of it random, so that it does not shrink to nothing.
          for (int from = 0; from < 32768; from += 8)
            ByteBuffer.wrap(write).putLong(from, random.nextLong());
          System.arraycopy(write, 0, image, at, write.length);
          pack.addWrite(at / 512, 128, WalbChecksum.of(ByteBuffer.wrap(write), salt));
          data.put(write);
        }
        PackHeader header = pack.build();
        writer.pack(header);
        writer.data(data.flip());
      }
      writer.end();
    }
  }

  private String at(String name) {
    return directory.resolve(name).toString();
  }

  private String image() {
    return at("image");
  }

  private String image(int bytes) throws IOException {
    return Files.write(directory.resolve("image"), new byte[bytes]).toString();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static String sha256(String file) throws IOException {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(Path.of(file))));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private JsonNode json(int exit, String schema, String... args) throws IOException {
    String[] asked = Arrays.copyOf(args, args.length + 2);
    asked[args.length] = "-o";
    asked[args.length + 1] = "json";
    out.reset();
    assertThat(execute(asked)).as(err()).isEqualTo(exit);
    JsonNode answer = Cbor.json().readTree(out());
    assertThat(Schema.of(schema).misfits(answer)).isEmpty();
    return answer;
  }

  private int execute(String... args) {
    Shell shell =
        new Shell(
            new ByteArrayInputStream(stdin),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Map.of("BACKSTAY_DIR", directory.toString()),
            Time.system());
    return Backstay.execute(shell, args);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** The README beside them says where they come from. */
  private static String sample(String name) {
    return Path.of(System.getProperty("backstay.root", ".."))
        .resolve("wire-protocol/src/test/resources/walb")
        .resolve(name)
        .toString();
  }
}
