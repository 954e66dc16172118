package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.Layout;
import io.backstay.group.Setup;
import io.backstay.group.Wish;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Somebody else answers where the archive should, or asks in its name: nobody believes him, the
 * reason is said, nothing hangs, and all goes on when the right one is back (rules K1, K5).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
class StrangersTest {
  private static final int MEBIBYTES = 16;

  private Path directory;
  private RealGroup group;
  private int strangers;

  @BeforeAll
  void start(@TempDir Path made) throws IOException, InterruptedException {
    directory = made;
    group = RealGroup.up(directory.resolve("group"));
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group != null) group.close();
  }

  /** A configuration for a server at the archive's address, with a directory of its own. */
  private ObjectNode atTheArchivesAddress(Path configuration) throws IOException {
    ObjectNode config = (ObjectNode) Cbor.json().readTree(configuration.toFile());
    JsonNode archive = Cbor.json().readTree(configuration("a0").toFile());
    config.put("listen", archive.path("listen").asText());
    config.put("directory", directory.resolve("stranger" + strangers++).toString());
    config.putNull("metricsListen");
    return config;
  }

  private Path configuration(String server) {
    return group.directory().resolve("configs").resolve(server + ".json");
  }

  private Layout otherGroup() throws Exception {
    Layout other = new Layout(directory.resolve("other"));
    new Setup(other, Time.system()).make(Wish.DEFAULT);
    return other;
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void theArchiveOfAnotherGroupGetsNothingRuleK1() throws Exception {
    ObjectNode config = atTheArchivesAddress(otherGroup().config("a0"));
    assertRefused("vol0", config, "certificate");
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aServerWithTheCertificateOfAnotherIsNotTheArchiveRuleK5() throws Exception {
    ObjectNode config = atTheArchivesAddress(configuration("a0"));
    JsonNode storage = Cbor.json().readTree(configuration("s0").toFile());
    config.set("certificateFile", storage.path("certificateFile"));
    config.set("keyFile", storage.path("keyFile"));
    assertRefused("vol1", config, "it is s0, a storage");
  }

  private void assertRefused(String volume, ObjectNode stranger, String reason) throws Exception {
    Path source = Volumes.make(directory.resolve(volume + ".img"), MEBIBYTES, strangers);
    group.succeed("volume", "add", volume, "--kind", "plain", "--device", source.toString());
    long archive = group.pid("a0");
    long supervisor = group.succeed("status").path("supervisor").path("pid").asLong();
    Path file = Files.writeString(directory.resolve(volume + ".json"), stranger.toString());
    RealGroup.signal("STOP", supervisor); // it would start the right one again
    RealGroup.Command impostor = null;
    RealGroup.Command backup;
    try {
      RealGroup.killAndAwait(archive);
      impostor = group.start("server", "run", "--config", file.toString());
      backup = group.start("backup", "full", volume);

      JsonNode waiting = group.awaitWaiting("full-backup/" + volume, reason);
      assertThat(waiting.path("waiting").toString()).contains("a0");
      JsonNode seen = archive();
      assertThat(seen.path("state").asText()).isNotEqualTo("UP");
      assertThat(seen.path("trouble").asText()).contains(reason);
      assertThat(Path.of(stranger.path("directory").asText(), "archive", "volumes", volume))
          .doesNotExist();
    } finally {
      if (impostor != null) {
        impostor.process().destroyForcibly();
        assertThat(impostor.process().waitFor(1, TimeUnit.MINUTES)).isTrue();
      }
      RealGroup.signal("CONT", supervisor);
    }
    assertThat(backup.await().exit()).isZero();
    Path target = directory.resolve(volume + ".restored");
    group.succeed("restore", volume, "--to", target.toString());
    Volumes.assertSameBytes(source, target);
  }

  private JsonNode archive() throws IOException, InterruptedException {
    for (JsonNode server : group.succeed("status").path("servers")) {
      if (server.path("name").asText().equals("a0")) return server;
    }
    throw new AssertionError("status shows no archive");
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void whoeverAsksWithTheCertificateOfAnotherGroupIsAnsweredNothingRuleK5() throws Exception {
    Path asking = Files.createDirectories(directory.resolve("asking"));
    Files.copy(group.directory().resolve("group.json"), asking.resolve("group.json"));
    Layout other = new Layout(directory.resolve("asking-other"));
    new Setup(other, Time.system()).make(Wish.DEFAULT);
    Files.move(other.operator(), asking.resolve("operator"));
    Files.move(other.authority(), asking.resolve("ca"));

    RealGroup.Answer status = group.run("status", "--dir", asking.toString());

    assertThat(status.exit()).as(status.toString()).isZero();
    for (JsonNode server : status.json().path("servers")) {
      assertThat(server.path("state").asText()).isNotEqualTo("UP");
      assertThat(server.path("trouble").asText()).contains("certificate");
    }
    assertThat(Files.readString(group.directory().resolve("logs/c0.log")))
        .as("the catalog is asked first")
        .contains("closed: it refuses us");
  }
}
