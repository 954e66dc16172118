package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.MethodOrderer.OrderAnnotation;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.group.Launch;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Every command against one group of real processes, in this order; answers fit their schemas. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class CommandsTest {
  private static final int SIZE_BYTES = 24 << 20;

  @TempDir static Path directory;
  private LiveGroup group;
  private Path source;
  private Path target;

  @BeforeAll
  void begin() throws Exception {
    LiveGroup.requireTemporal();
    source = directory.resolve("vol0.img");
    target = directory.resolve("restored.img");
    writeRandom(source);
    group = new LiveGroup(directory.resolve("group"));
    group.up();
  }

  @AfterAll
  void end() throws Exception {
    if (group != null) group.close();
  }

  private static void writeRandom(Path file) throws Exception {
    Random random = new Random(7);
    byte[] piece = new byte[1 << 20];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int i = 0; i < SIZE_BYTES / piece.length; i++) {
        random.nextBytes(piece);
        out.write(piece);
      }
    }
  }

  @Test
  @Order(1)
  void aVolumeIsPutUnderProtection() {
    JsonNode added =
        group
            .backstay("volume", "add", "vol0", "--kind", "plain", "--device", source.toString())
            .fitting("volume-add");
    assertThat(added.path("sizeBytes").asLong()).isEqualTo(SIZE_BYTES);
    JsonNode listed = group.backstay("volume", "list").fitting("volume-list");
    assertThat(listed.path(0).path("name").asText()).isEqualTo("vol0");
    assertThat(listed.path(0).path("newestRestorable").isNull()).isTrue();
  }

  @Test
  @Order(2)
  void whatIsNotThereIsNotFound() {
    assertThat(group.backstay("point", "list", "nothing").exit()).isEqualTo(6);
    assertThat(group.backstay("volume", "show", "nothing").exit()).isEqualTo(6);
    assertThat(group.backstay("run", "show", "full-backup/nothing").exit()).isEqualTo(6);
    LiveGroup.Ran backup = group.backstay("backup", "full", "nothing");
    assertThat(backup.exit()).isEqualTo(6);
    assertThat(backup.error().path("code").asText()).isEqualTo("unknown-volume");
    assertThat(Schema.of("error").misfits(error(backup))).isEmpty();
  }

  private static JsonNode error(LiveGroup.Ran ran) {
    return Cbor.json().createObjectNode().set("error", ran.error());
  }

  @Test
  @Order(3)
  void aDetachedBackupIsSeenRefusesAnotherInputAndIsCancelled() {
    JsonNode detached =
        group
            .backstay("backup", "full", "vol0", "--rate-limit", "2MiB/s", "--detach")
            .fitting("detached");
    assertThat(detached.path("workflowId").asText()).isEqualTo("full-backup/vol0");
    LiveGroup.await("something is durable", () -> durableBytes() > 0);

    JsonNode attached =
        group
            .backstay("backup", "full", "vol0", "--rate-limit", "2MiB/s", "--detach")
            .fitting("detached");
    assertThat(attached.path("how").asText()).as("rule K2").isEqualTo("ATTACHED");
    LiveGroup.Ran other = group.backstay("backup", "full", "vol0", "--detach");
    assertThat(other.exit()).as("rule K2").isEqualTo(7);
    assertThat(other.error().path("code").asText()).isEqualTo("already-running");

    JsonNode open = group.backstay("run", "list", "--open").fitting("run-list");
    assertThat(open).hasSize(1);
    JsonNode cancelled = group.backstay("run", "cancel", "full-backup/vol0").fitting("run-cancel");
    assertThat(cancelled.path("state").asText()).isEqualTo("CANCELLED");
    assertThat(group.backstay("run", "wait", "full-backup/vol0").exit()).isEqualTo(5);
  }

  private long durableBytes() {
    return group
        .backstay("run", "show", "full-backup/vol0")
        .fitting("run-show")
        .path("progress")
        .path("bytesDone")
        .asLong();
  }

  @Test
  @Order(4)
  void ctrlCDetachesAndTheRunGoesOn() throws Exception {
    // A shell's background jobs ignore Ctrl-C, and all that they start.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.addAll(Launch.asThisProcess().backstay());
    command.addAll(List.of("backup", "full", "vol0", "--rate-limit", "2MiB/s"));
    command.addAll(List.of("--dir", group.directory().toString()));
    Path said = directory.resolve("detached.err");
    Process backup =
        new ProcessBuilder(command)
            .redirectOutput(directory.resolve("detached.out").toFile())
            .redirectError(said.toFile())
            .start();
    LiveGroup.await("it follows the run", () -> read(said).contains("started"));
    new ProcessBuilder("kill", "-INT", Long.toString(backup.pid())).start().waitFor();
    assertThat(backup.waitFor()).isEqualTo(130);
    assertThat(read(said)).contains("backstay run wait full-backup/vol0");
    assertThat(group.backstay("run", "list", "--open").fitting("run-list")).hasSize(1);
    group.backstay("run", "cancel", "full-backup/vol0").fitting("run-cancel");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  @Order(5)
  void aBackupMakesAPoint() {
    JsonNode backup = group.backstay("backup", "full", "vol0").fitting("backup-full");
    JsonNode points = group.backstay("point", "list", "vol0").fitting("point-list");
    assertThat(points).hasSize(1);
    assertThat(points.path(0).path("gid")).isEqualTo(backup.path("gid"));
    JsonNode status = group.status().path("volumes").path(0);
    assertThat(status.path("newestRestorable").path("gid")).isEqualTo(backup.path("gid"));
    assertThat(group.backstay("point", "list", "vol0", "--snapshots").fitting("point-list"))
        .hasSize(1);
    group.backstay("volume", "show", "vol0").fitting("volume-show");
    JsonNode shown = group.backstay("run", "show", "full-backup/vol0").fitting("run-show");
    assertThat(shown.path("result").path("gid")).isEqualTo(backup.path("gid"));
  }

  @Test
  @Order(6)
  void aRestoreGivesTheSameBytesAndDoesNotOverwrite() throws Exception {
    JsonNode restored =
        group.backstay("restore", "vol0", "--to", target.toString()).fitting("restore");
    assertThat(restored.path("path").asText()).isEqualTo(target.toString());
    assertThat(Files.mismatch(source, target)).isEqualTo(-1);

    LiveGroup.Ran again =
        group.backstay("restore", "vol0", "--rate-limit", "1GiB/s", "--to", target.toString());
    assertThat(again.exit()).as("rule K6").isEqualTo(4);
    assertThat(again.error().path("code").asText()).isEqualTo("not-empty");
    LiveGroup.Ran asked =
        group.backstay("restore", "vol0", "--overwrite", "--to", target.toString());
    assertThat(asked.exit()).as("rule K5: nobody confirmed").isEqualTo(12);

    Files.write(target, new byte[SIZE_BYTES]);
    group
        .backstay("restore", "vol0", "--overwrite", "--yes", "--to", target.toString())
        .fitting("restore");
    assertThat(Files.mismatch(source, target)).isEqualTo(-1);
  }

  @Test
  @Order(7)
  void aPointIsVerified() {
    JsonNode verified = group.backstay("verify", "vol0").fitting("verify");
    assertThat(verified.path("bytesCompared").asLong()).isEqualTo(SIZE_BYTES);
  }

  @Test
  @Order(8)
  void anOlderPointIsDeletedAndTheNewestIsNot() {
    JsonNode backup = group.backstay("backup", "full", "vol0").fitting("backup-full");
    long newest = backup.path("gid").asLong();
    long older = newest - 1;
    LiveGroup.Ran refused =
        group.backstay("point", "delete", "vol0", "--yes", "--gid", Long.toString(newest));
    assertThat(refused.exit()).as("rule L10").isEqualTo(4);
    group
        .backstay("point", "delete", "vol0", "--yes", "--gid", Long.toString(older))
        .fitting("point-delete");
    JsonNode points = group.backstay("point", "list", "vol0").fitting("point-list");
    assertThat(points).hasSize(1);
    JsonNode last = group.backstay("point", "list", "vol0", "--last", "1").fitting("point-list");
    assertThat(last).isEqualTo(points);
    assertThat(
            group
                .backstay("restore", "vol0", "--gid", "99", "--to", directory + "/never.img")
                .exit())
        .isIn(6, 13);
  }

  /** Rule L10. */
  @Test
  @Order(9)
  void whatNeedsALogIsRefusedForAPlainVolume() {
    for (String line :
        List.of(
            "snapshot take vol0",
            "snapshot enable vol0 --gid 1",
            "apply vol0 --gid 1 --yes",
            "merge vol0 --from 0 --to 1 --yes",
            "kick vol0")) {
      LiveGroup.Ran refused = group.backstay(line.split(" "));
      assertThat(refused.exit()).as(line).isEqualTo(4);
      assertThat(refused.error().path("code").asText()).as(line).isEqualTo("needs-log");
    }
  }

  @Test
  @Order(9)
  void runsAreListed() {
    JsonNode runs = group.backstay("run", "list", "--volume", "vol0").fitting("run-list");
    assertThat(runs.size()).isGreaterThan(5);
    assertThat(runs.path(0).path("source").asText()).isEqualTo("temporal");
  }

  @Test
  @Order(10)
  void withoutTemporalTheServersTellWhatTheyDid() {
    JsonNode status = group.status();
    LiveGroup.kill(LiveGroup.pid(status, "supervisor"));
    LiveGroup.kill(LiveGroup.pid(status, "temporal"));
    JsonNode runs = group.backstay("run", "list", "--volume", "vol0").fitting("run-list");
    assertThat(runs).as("rule F4").isNotEmpty();
    assertThat(runs).allSatisfy(run -> assertThat(run.path("source").asText()).isEqualTo("ledger"));
    assertThat(group.backstay("backup", "full", "vol0").exit()).isEqualTo(8);
    group.up();
  }

  @Test
  @Order(11)
  void aVolumeIsClearedOnlyIfThatIsMeant() {
    assertThat(group.backstay("volume", "clear", "vol0").exit()).as("rule K5").isEqualTo(12);
    group.backstay("volume", "clear", "vol0", "--yes").fitting("volume-clear");
    assertThat(group.backstay("volume", "list").fitting("volume-list")).isEmpty();
    assertThat(source).exists();
  }
}
