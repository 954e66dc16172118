package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What goes wrong in the middle of the main job, with real processes: each time a clear word, and
 * every byte in the end.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FailuresTest {
  private static final int MEBIBYTES = 48;
  private static final long SIZE = (long) MEBIBYTES * Volumes.MIB;
  private static final String SLOW = "4MiB/s";

  private Path directory;
  private RealGroup group;
  private int volumes;

  /** A volume of its own for each test. */
  private record Volume(String name, Path source, String sha256) {
    String backup() {
      return "full-backup/" + name;
    }
  }

  @BeforeAll
  void start(@TempDir Path made) throws IOException, InterruptedException {
    directory = made;
    group = RealGroup.up(directory.resolve("group"));
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group != null) group.close();
  }

  private Volume add() throws IOException, InterruptedException {
    String name = "vol" + volumes++;
    Path source = Volumes.make(directory.resolve(name + ".img"), MEBIBYTES, volumes);
    group.succeed("volume", "add", name, "--kind", "plain", "--device", source.toString());
    return new Volume(name, source, Volumes.sha256(source));
  }

  private void assertRestores(Volume volume) throws IOException, InterruptedException {
    Path target = directory.resolve(volume.name + ".restored");
    group.succeed("restore", volume.name, "--to", target.toString());
    assertThat(Volumes.sha256(target)).isEqualTo(volume.sha256);
    Files.delete(target);
  }

  @Test
  void twoStartsWithTheSameInputAreOneRunAndAnotherInputIsRefusedRuleK2() throws Exception {
    Volume volume = add();
    RealGroup.Command first = group.start("backup", "full", volume.name, "--rate-limit", SLOW);
    group.awaitBackedUp(volume.name, 1);
    RealGroup.Command second = group.start("backup", "full", volume.name, "--rate-limit", SLOW);
    RealGroup.Answer other = group.run("backup", "full", volume.name);

    assertThat(other.exit()).as(other.toString()).isEqualTo(7);
    assertThat(other.error().path("code").asText()).isEqualTo("already-running");
    JsonNode one = first.await().json();
    assertThat(second.await().json().path("runId")).isEqualTo(one.path("runId"));
    assertThat(group.succeed("point", "list", volume.name)).hasSize(1);
    assertRestores(volume);
  }

  @Test
  void aTerminatedRunIsSupersededAndWhatIsDurableIsAdoptedRuleK2() throws Exception {
    Volume volume = add();
    RealGroup.Command first = group.start("backup", "full", volume.name, "--rate-limit", SLOW);
    group.awaitBackedUp(volume.name, SIZE / 4);
    RealGroup.Answer terminated =
        group.temporal("workflow", "terminate", "--workflow-id", volume.backup());
    assertThat(terminated.exit()).as(terminated.toString()).isZero();
    assertThat(first.await().exit()).isNotZero();

    JsonNode second = group.succeed("backup", "full", volume.name);

    assertThat(second.path("bytesSent").asLong()).isLessThan(SIZE * 4 / 5);
    assertRestores(volume);
  }

  @Test
  void aRunThatIsResetGoesOnWithItsOperationRuleK3() throws Exception {
    Volume volume = add();
    RealGroup.Command command = group.start("backup", "full", volume.name, "--rate-limit", SLOW);
    group.awaitBackedUp(volume.name, SIZE / 4);
    RealGroup.Answer reset = group.reset(volume.backup());
    assertThat(reset.exit()).as(reset.toString()).isZero();
    command.await();

    JsonNode again = group.succeed("run", "wait", volume.backup());

    assertThat(again.path("gid").asLong(-1)).isZero();
    assertThat(group.succeed("point", "list", volume.name)).hasSize(1);
    assertRestores(volume);
  }

  @Test
  void aFinishedAddVolumeThatIsResetComesToTheSameResultRuleK3() throws Exception {
    Volume volume = add();
    String run = "add-volume/" + volume.name;
    JsonNode before = group.succeed("run", "wait", run);
    RealGroup.Answer reset = group.reset(run);
    assertThat(reset.exit()).as(reset.toString()).isZero();

    JsonNode after = group.succeed("run", "wait", run);

    assertThat(after.path("runId")).isNotEqualTo(before.path("runId"));
    assertThat(after.path("device")).isEqualTo(before.path("device"));
    assertThat(after.path("archives")).isEqualTo(before.path("archives"));
    assertThat(group.succeed("point", "list", volume.name)).isEmpty();
  }

  @Test
  void theTransferGoesOnWhileTemporalIsAwayRuleK3() throws Exception {
    Volume volume = add();
    RealGroup.Command command =
        group.start("backup", "full", volume.name, "--rate-limit", "4MiB/s");
    long before = group.awaitBackedUp(volume.name, SIZE / 16);
    long temporal = group.pid("temporal");
    RealGroup.signal("STOP", temporal);
    try {
      group.awaitBackedUp(volume.name, before + SIZE / 4);
    } finally {
      RealGroup.signal("CONT", temporal);
    }
    assertThat(command.await().exit()).isZero();
    assertRestores(volume);
  }

  @Test
  void aSourceThatIsWrittenDuringTheBackupMakesNoPointRuleL10() throws Exception {
    Volume volume = add();
    RealGroup.Command command = group.start("backup", "full", volume.name, "--rate-limit", SLOW);
    group.awaitBackedUp(volume.name, SIZE / 4);
    try (FileChannel channel = FileChannel.open(volume.source, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 4096);
    }

    RealGroup.Answer answer = command.await();

    assertThat(answer.exit()).as(answer.toString()).isEqualTo(1);
    assertThat(answer.error().path("code").asText()).isEqualTo("source-changed");
    assertThat(group.succeed("point", "list", volume.name)).isEmpty();
    group.succeed("backup", "full", volume.name);
    assertRestores(new Volume(volume.name, volume.source, Volumes.sha256(volume.source)));
  }

  @Test
  void aSourceThatBecameShorterIsRefusedWithBothSizes() throws Exception {
    Volume volume = add();
    try (FileChannel channel = FileChannel.open(volume.source, StandardOpenOption.WRITE)) {
      channel.truncate(SIZE / 2);
    }
    RealGroup.Answer answer = group.run("backup", "full", volume.name);
    assertThat(answer.exit()).isEqualTo(1);
    assertThat(answer.error().path("code").asText()).isEqualTo("source-shorter");
    assertThat(answer.error().toString())
        .contains(Long.toString(SIZE))
        .contains(Long.toString(SIZE / 2));
  }

  @Test
  void badInputFromTheTemporalCommandLineEndsInAClearFailureRuleF3() throws Exception {
    assertFails("not valid", "FullBackup", "{\"volum\":\"vol0\"}");
    assertFails("not a volume name", "FullBackup", "{\"volume\":\"a/b\"}");
    assertFails("there is no volume", "FullBackup", "{\"volume\":\"nobody\"}");
    assertFails("FullBackup, ", "FulBackup", "{\"volume\":\"vol0\"}");
    assertFails(
        "restore roots",
        "Restore",
        "{\"volume\":\"%s\",\"to\":\"/etc/never\"}".formatted(backedUp().name));
    assertThat(Path.of("/etc/never")).doesNotExist();
  }

  private Volume backedUp() throws IOException, InterruptedException {
    Volume volume = add();
    group.succeed("backup", "full", volume.name);
    return volume;
  }

  private void assertFails(String word, String type, String input)
      throws IOException, InterruptedException {
    RealGroup.Answer answer =
        group.temporal(
            "workflow", "execute", "--type", type, "--task-queue", "backstay", "--input", input);
    assertThat(answer.exit()).as(answer.toString()).isNotZero();
    assertThat(answer.out() + answer.err()).containsIgnoringCase(word);
  }

  @Test
  void aBackupStartedByTheTemporalCommandLineIsLikeAnyOther() throws Exception {
    Volume volume = add();
    RealGroup.Answer answer =
        group.temporal(
            "workflow",
            "execute",
            "--type",
            "FullBackup",
            "--task-queue",
            "backstay",
            "--input",
            "{\"volume\":\"%s\"}".formatted(volume.name));
    assertThat(answer.exit()).as(answer.toString()).isZero();
    assertRestores(volume);
  }
}
