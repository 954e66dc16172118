package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.PackBuilder;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.SuperSector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks at files that walb-tools made, whole and damaged. */
class InspectTest {
  @TempDir Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private byte[] stdin = new byte[0];

  @Test
  void aWholeWlogIsToldInWordsOfWalb() throws IOException {
    JsonNode shown = json(0, "inspect-wlog", "inspect", "wlog", sample("hand.wlog").toString());
    JsonNode wlog = shown.path("wlogs").path(0);
    assertThat(wlog.path("uuid").asText()).isEqualTo("000102030405060708090a0b0c0d0e0f");
    assertThat(wlog.path("log_checksum_salt").asText()).isEqualTo("12345678");
    assertThat(wlog.path("end_lsid").isNull()).isTrue();
    assertThat(wlog.path("reachedLsid").asLong()).isEqualTo(14);
    assertThat(wlog.path("endedBy").asText()).isEqualTo("end-block");
    assertThat(shown.path("totals").path("normalBytes").asLong()).isEqualTo(13 * 512);
    assertThat(shown.has("packs")).isFalse();
  }

  @Test
  void recordsAreShownWhenAskedFor() throws IOException {
    String file = sample("s512.wlog").toString();
    JsonNode shown = json(0, "inspect-wlog", "inspect", "wlog", "--records", file);
    assertThat(shown.path("packs")).hasSize(7);
    assertThat(shown.path("packs").path(0).path("logpack_lsid").asLong()).isEqualTo(1000);
    JsonNode totals = shown.path("totals");
    assertThat(totals.path("normal").asLong()).isEqualTo(24);
    assertThat(totals.path("discard").asLong()).isEqualTo(13);
    assertThat(totals.path("padding").asLong()).isEqualTo(4);

    out.reset();
    assertThat(execute("inspect", "wlog", "--records", file, "-o", "jsonl")).isZero();
    List<String> lines = out().lines().toList();
    assertThat(lines).hasSize(8);
    assertThat(Schema.of("inspect-wlog").misfits(Cbor.json().readTree(lines.getLast()))).isEmpty();
  }

  @Test
  void stdinMayBeTheWlogAndSeveralMayFollow() throws IOException {
    stdin = Files.readAllBytes(sample("r4096.wlog"));
    JsonNode shown = json(0, "inspect-wlog", "inspect", "wlog", "-");
    assertThat(shown.path("findings")).isEmpty();
  }

  @Test
  void damageIsToldWithItsPlaceAndEndsWith10() throws IOException {
    byte[] bytes = Files.readAllBytes(sample("s512.wlog"));
    bytes[4096 + 512]++;
    Path damaged = Files.write(directory.resolve("damaged.wlog"), bytes);
    JsonNode shown = json(10, "inspect-wlog", "inspect", "wlog", damaged.toString());
    assertThat(shown.path("findingsCount").asLong()).isOne();
    JsonNode finding = shown.path("findings").path(0);
    assertThat(finding.path("offsetBytes").asLong()).isEqualTo(4096 + 512);
    assertThat(finding.path("lsid").asLong()).isEqualTo(1001);

    out.reset();
    assertThat(execute("inspect", "wlog", damaged.toString())).isEqualTo(10);
    assertThat(out()).contains("1 findings:", "byte 4608, lsid 1001: ");
  }

  @Test
  void aWlogThatBreaksOffIsAFinding() throws IOException {
    byte[] bytes = Files.readAllBytes(sample("s512.wlog"));
    Path cut = Files.write(directory.resolve("cut.wlog"), Arrays.copyOf(bytes, 7000));
    JsonNode shown = json(10, "inspect-wlog", "inspect", "wlog", cut.toString());
    assertThat(shown.path("wlogs").path(0).path("endedBy").isNull()).isTrue();
  }

  @Test
  void whatIsNoWlogOrNoLogDeviceEndsWith1AndWhatIsNotThereWith6() throws IOException {
    String image = sample("ldev512.img").toString();
    assertThat(execute("inspect", "wlog", image)).isEqualTo(1);
    assertThat(err()).contains("that is not of this format", "no wlog: ");
    assertThat(execute("inspect", "log-device", sample("s512.wlog").toString())).isEqualTo(1);
    assertThat(err()).contains("no log device: ");
    Path small = Files.write(directory.resolve("small"), new byte[100]);
    assertThat(execute("inspect", "log-device", small.toString())).isEqualTo(1);
    assertThat(execute("inspect", "wlog", directory.resolve("none").toString())).isEqualTo(6);
    assertThat(out.size()).isZero();
  }

  @Test
  void aLogDeviceOfWalbIsShown() throws IOException {
    String image = sample("ldev512.img").toString();
    JsonNode shown = json(0, "inspect-log-device", "inspect", "log-device", image, "--records");
    assertThat(shown.path("super").path("name").asText()).isEqualTo("smpl");
    assertThat(shown.path("super").path("place").asText()).isEqualTo("first");
    assertThat(shown.path("super").path("ring_buffer_size").asLong()).isEqualTo(110);
    assertThat(shown.path("ringOffsetBytes").asLong()).isEqualTo(5120);
    assertThat(shown.path("end_lsid").asLong()).isEqualTo(2118);
    assertThat(shown.path("packs").findValuesAsText("logpack_lsid"))
        .containsExactly("2070", "2089", "2090", "2096");
    assertThat(shown.path("packs").path(2).path("offsetBytes").asLong()).isEqualTo(5120);
  }

  @Test
  void aTornPackAndATornSuperSectorAreFindings() throws IOException {
    byte[] image = Files.readAllBytes(sample("ldev512.img"));
    image[16 * 512 + 512 + 7]++; // the first data of the pack at lsid 2096
    Path torn = Files.write(directory.resolve("torn"), image);
    JsonNode shown = json(10, "inspect-log-device", "inspect", "log-device", torn.toString());
    assertThat(shown.path("findings").path(0).path("found").asText()).startsWith("a torn pack: ");

    out.reset();
    image = deviceOfOurs();
    image[4096 + 200]++;
    Path second = Files.write(directory.resolve("second"), image);
    shown = json(10, "inspect-log-device", "inspect", "log-device", second.toString());
    assertThat(shown.path("super").path("place").asText()).isEqualTo("second");
    assertThat(shown.path("findings").path(0).path("found").asText())
        .startsWith("first super sector: checksum");
    assertThat(shown.path("totals").path("discard").asLong()).isOne();
  }

  @Test
  void aDeviceThatIsSmallerThanItsRingIsAFinding() throws IOException {
    byte[] image = Files.readAllBytes(sample("ldev512.img"));
    Path small = Files.write(directory.resolve("small"), Arrays.copyOf(image, 50 * 512));
    JsonNode shown = json(10, "inspect-log-device", "inspect", "log-device", small.toString());
    assertThat(shown.path("findings").path(0).path("offsetBytes").asLong()).isEqualTo(50 * 512);
    assertThat(shown.path("end_lsid").asLong()).isEqualTo(2070);
  }

  @Test
  void aLogThatEndsBelowWrittenIsAFinding() throws IOException {
    byte[] image = deviceOfOurs();
    image[3 * 4096 + 30]++;
    Path broken = Files.write(directory.resolve("broken"), image);
    JsonNode shown = json(10, "inspect-log-device", "inspect", "log-device", broken.toString());
    JsonNode finding = shown.path("findings").path(0);
    assertThat(finding.path("lsid").asLong()).isZero();
    assertThat(finding.path("offsetBytes").asLong()).isEqualTo(3 * 4096);
    assertThat(finding.path("found").asText())
        .startsWith("the log ends here, below written_lsid 1");
  }

  /** A log device with both super sectors and one pack, all of it applied. */
  private static byte[] deviceOfOurs() {
    byte[] image = new byte[10 * 4096];
    LogLayout layout = LogLayout.forDevice(4096, image.length);
    SuperSector sector =
        SuperSector.format(layout, 7, new SessionUuid(1, 2), "ours", 0, 2048).withLsids(0, 1);
    sector.write(ByteBuffer.wrap(image).position(LogLayout.FIRST_SUPER_BYTES));
    sector.write(ByteBuffer.wrap(image).position((int) layout.secondSuperBytes()));
    PackBuilder pack = new PackBuilder(4096, 0);
    pack.addDiscard(0, 2048);
    pack.build().write(ByteBuffer.wrap(image).position((int) layout.physicalBytes(0)), 7);
    return image;
  }

  private JsonNode json(int exit, String schema, String... args) throws IOException {
    String[] asked = Arrays.copyOf(args, args.length + 2);
    asked[args.length] = "-o";
    asked[args.length + 1] = "json";
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
  private static Path sample(String name) {
    return Path.of(System.getProperty("backstay.root", ".."))
        .resolve("wire-protocol/src/test/resources/walb")
        .resolve(name);
  }
}
