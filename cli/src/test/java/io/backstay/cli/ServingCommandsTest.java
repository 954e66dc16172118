package io.backstay.cli;

import static java.time.temporal.ChronoUnit.DAYS;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.Role;
import io.backstay.nbd.NbdClient;
import io.backstay.nbd.RawClient;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The commands of a logged volume against real processes; answers fit their schemas. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ServingCommandsTest {
  private static final long MIB = 1 << 20;

  @TempDir static Path directory;
  private LiveGroup group;

  @BeforeAll
  void begin() {
    LiveGroup.requireTemporal();
    group = new LiveGroup(directory.resolve("group"));
    group.up();
  }

  @AfterAll
  void end() throws Exception {
    if (group != null) group.close();
  }

  private void add(String volume, String... more) {
    List<String> line = new ArrayList<>(List.of("volume", "add", volume, "--kind", "logged"));
    line.addAll(List.of("--log-size", "64M", "--tail-size", "8M", "--on-log-full", "block"));
    line.addAll(List.of(more));
    group.backstay(line.toArray(String[]::new)).fitting("volume-add");
  }

  private JsonNode volume(String name) {
    return group.backstay("volume", "show", name).fitting("volume-show").path("volume");
  }

  /** Rules M2 and K5. */
  @Test
  void aLoggedVolumeIsServedStoppedStartedAndReset() {
    add("vol1", "--size", "32M");
    assertThat(volume("vol1").path("log").path("protectedNow").asBoolean()).isFalse();
    group.backstay("volume", "list").fitting("volume-list");

    LiveGroup.Ran refused = group.backstay("snapshot", "take", "vol1", "--label", "early");
    assertThat(refused.exit()).isEqualTo(4);
    assertThat(refused.error().path("code").asText()).isEqualTo("not-protected");

    JsonNode stopped = group.backstay("volume", "stop", "vol1").fitting("volume-serving");
    assertThat(stopped.path("state").asText()).isEqualTo("STOPPED");
    assertThat(group.backstay("volume", "stop", "nothing").exit()).isEqualTo(6);
    assertThat(group.backstay("volume", "resize", "vol1", "--size", "64M").exit()).isEqualTo(4);
    JsonNode started = group.backstay("volume", "start", "vol1").fitting("volume-serving");
    assertThat(started.path("nbdUri").asText()).startsWith("nbd+unix:");

    JsonNode set = set("vol1", "--compression", "zstd:3", "--cut-interval", "30s");
    assertThat(set.path("changes")).hasSize(2);
    assertThat(set.path("changes").path(0).path("from").asText()).isEqualTo("snappy");
    assertThat(set("vol1", "--compression", "zstd:3").path("changes")).isEmpty();
    assertThat(group.backstay("volume", "set", "vol1", "--proxy", "p7").exit()).isEqualTo(6);
    assertThat(group.backstay("volume", "set", "vol1", "--compression", "zip").exit()).isEqualTo(2);
    assertThat(group.backstay("volume", "set", "vol1").exit()).isEqualTo(2);
    JsonNode shown = group.backstay("volume", "show", "vol1").fitting("volume-show");
    assertThat(shown.path("settings").path("compression").asText()).isEqualTo("zstd:3");
    assertThat(shown.path("settings").path("cutSeconds").asInt()).isEqualTo(30);

    assertThat(group.backstay("volume", "reset", "vol1").exit()).isEqualTo(12);
    JsonNode reset = group.backstay("volume", "reset", "vol1", "--yes").fitting("volume-serving");
    assertThat(reset.path("session").asInt()).isEqualTo(1);
    group.backstay("volume", "accept-loss", "vol1", "--yes").fitting("volume-serving");
  }

  /** Rule K5. */
  @Test
  void aClientGetsACertificateForItsVolumesAlone() throws Exception {
    add("vol4", "--size", "16M");
    String to = directory.resolve("db 1").toString();
    String[] command = {"volume", "client", "vol4", "--name", "db1", "--to", to, "--days", "30"};
    JsonNode made = group.backstay(command).fitting("volume-client");
    assertThat(made.path("volumes").path(0).path("volume").asText()).isEqualTo("vol4");
    assertThat(made.path("volumes").path(0).path("nbdUri").isNull()).isTrue();
    assertThat(Instant.parse(made.path("validUntil").asText()))
        .isBetween(Instant.now().plus(29, DAYS), Instant.now().plus(30, DAYS));
    byte[] first = Files.readAllBytes(Path.of(made.path("certificateFile").asText()));

    serveOverTls();
    JsonNode renewed = group.backstay(command).fitting("volume-client");
    assertThat(Files.readAllBytes(Path.of(made.path("certificateFile").asText())))
        .isNotEqualTo(first);
    String uri = renewed.path("volumes").path(0).path("nbdUri").asText();
    LiveGroup.await("it is served over TLS", () -> nbdinfo(uri) == 0);
    add("vol5", "--size", "16M");
    assertThat(nbdinfo(uri.replace("vol4", "vol5"))).isNotZero();

    command[4] = "db2";
    LiveGroup.Ran taken = group.backstay(command);
    assertThat(taken.exit()).isEqualTo(4);
    assertThat(taken.error().path("code").asText()).isEqualTo("not-empty");
    command[2] = "nothing";
    assertThat(group.backstay(command).exit()).isEqualTo(6);
    command[8] = "366";
    assertThat(group.backstay(command).exit()).isEqualTo(2);
  }

  /** On all addresses, where TLS is a must. */
  private void serveOverTls() throws IOException {
    Path file = group.layout().config("s0");
    ObjectNode config = (ObjectNode) Cbor.json().readTree(file.toFile());
    int port;
    try (ServerSocket any = new ServerSocket(0)) {
      port = any.getLocalPort();
    }
    Files.writeString(file, config.put("nbdListen", "0.0.0.0:" + port).toString());
    group.up(); // which puts the name of the machine into the storage's certificate
    LiveGroup.kill(LiveGroup.pid(group.status(), "s0"));
  }

  private static int nbdinfo(String uri) {
    try {
      return new ProcessBuilder("timeout", "20", "nbdinfo", uri)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private RawClient connect(String volume) throws IOException {
    String uri = volume(volume).path("nbdUri").asText();
    return RawClient.using(volume, NbdClient.address(uri));
  }

  /** A line that a scraper gets. */
  private static String metric(String name, String tag, String value) {
    return "backstay_nbd_%s\\{.*%s.*volume=\"vol2\".*\\} %s".formatted(name, tag, value);
  }

  private String metrics() throws Exception {
    String address =
        GroupFile.read(group.layout()).servers(Role.STORAGE).getFirst().metricsAddress();
    try (HttpClient http = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://" + address + "/metrics");
      HttpRequest request = HttpRequest.newBuilder(uri).build();
      return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  private JsonNode set(String volume, String... settings) {
    List<String> line = new ArrayList<>(List.of("volume", "set", volume));
    line.addAll(List.of(settings));
    return group.backstay(line.toArray(String[]::new)).fitting("volume-set");
  }

  private JsonNode resize(String volume, String size) {
    return group.backstay("volume", "resize", volume, "--size", size).fitting("volume-resize");
  }

  private String refusal(String volume, String size) {
    LiveGroup.Ran refused = group.backstay("volume", "resize", volume, "--size", size);
    assertThat(refused.exit()).isEqualTo(4);
    return refused.error().path("code").asText();
  }

  /** Rules L1 and L9. */
  @Test
  void aVolumeGrowsUnderAClientAndKeepsWhatIsWrittenBehindItsOldEnd() throws Exception {
    add("vol2", "--size", "16M");
    byte[] bytes = new byte[8192];
    new Random(5).nextBytes(bytes);
    try (RawClient before = connect("vol2")) {
      assertThat(resize("vol2", "48M").path("formerBytes").asLong()).isEqualTo(16 * MIB);
      assertThat(volume("vol2").path("sizeBytes").asLong()).isEqualTo(48 * MIB);
      before.store(16 * MIB - 4096, bytes);
      before.store(48 * MIB - 8192, bytes);
      assertThat(metrics().lines())
          .anyMatch(line -> line.matches(metric("requests_seconds_count", "kind=\"write\"", "2")))
          .anyMatch(line -> line.matches(metric("requests_seconds_bucket", "le=", "2")))
          .anyMatch(line -> line.matches(metric("transferred_bytes_total", "write", "16384.0")))
          .anyMatch(line -> line.matches(metric("connections", "", "1.0")));
      assertThat(before.read(48 * MIB - 8192, 8192)).isEqualTo(bytes);
    }
    JsonNode status = group.status();
    LiveGroup.kill(LiveGroup.pid(status, "s0"));
    LiveGroup.await("it is served again", () -> volume("vol2").hasNonNull("nbdUri"));
    assertThat(volume("vol2").path("sizeBytes").asLong()).isEqualTo(48 * MIB);
    try (RawClient after = connect("vol2")) {
      assertThat(after.read(16 * MIB - 4096, 8192)).isEqualTo(bytes);
      assertThat(after.read(48 * MIB - 8192, 8192)).isEqualTo(bytes);
    }
    assertThat(resize("vol2", "48M").path("formerBytes").asLong()).isEqualTo(48 * MIB);
    assertThat(refusal("vol2", "32M")).isEqualTo("would-shrink");
    assertThat(group.backstay("volume", "resize", "vol2", "--size", "50000000").exit())
        .isEqualTo(2);
  }

  /** Rule L9. */
  @Test
  void aDeviceOfSomebodyElseIsMadeLargerFirst() throws Exception {
    Path data = directory.resolve("data");
    lengthen(data, 16 * MIB);
    add("vol3", "--data", data.toString());
    assertThat(refusal("vol3", "24M")).isEqualTo("too-small");
    lengthen(data, 24 * MIB);
    try (RawClient client = connect("vol3")) {
      resize("vol3", "24M");
      client.store(24 * MIB - 512, new byte[512]);
    }
  }

  private static void lengthen(Path file, long bytes) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.setLength(bytes);
    }
  }
}
