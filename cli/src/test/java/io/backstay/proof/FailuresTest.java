package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ResourceAccessMode.READ;
import static org.junit.jupiter.api.parallel.ResourceAccessMode.READ_WRITE;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.ResourceLockTarget;

/**
 * What goes wrong in the middle of the main job, with real processes: each time a clear word, and
 * every byte in the end.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = FailuresTest.TEMPORAL, mode = READ, target = ResourceLockTarget.CHILDREN)
class FailuresTest {
  /** What all need, and one test takes away from all. */
  static final String TEMPORAL = "Temporal of the group of FailuresTest";

  private static final int MEBIBYTES = 48;
  private static final long SIZE = (long) MEBIBYTES * Volumes.MIB;

  /** Some seconds, for what happens at once when a part is durable. */
  private static final String SLOW = "4MiB/s";

  /** Longer than any command takes, for a run that the test ends. */
  private static final String LASTING = "1MiB/s";

  private static final long SOON = 3L * Volumes.MIB;

  private Path directory;
  private RealGroup group;
  private final AtomicInteger volumes = new AtomicInteger();

  /** A volume of its own for each test. */
  private record Volume(String name, Path source) {
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
    return add(MEBIBYTES);
  }

  private Volume add(int mebibytes) throws IOException, InterruptedException {
    int number = volumes.getAndIncrement();
    String name = "vol" + number;
    Path source = Volumes.make(directory.resolve(name + ".img"), mebibytes, number);
    group.succeed("volume", "add", name, "--kind", "plain", "--device", source.toString());
    return new Volume(name, source);
  }

  private void assertRestores(Volume volume) throws IOException, InterruptedException {
    Path target = directory.resolve(volume.name + ".restored");
    group.succeed("restore", volume.name, "--to", target.toString());
    Volumes.assertSameBytes(volume.source, target);
    Files.delete(target);
  }

  @Test
  void twoStartsWithTheSameInputAreOneRunAndAnotherInputIsRefusedRuleK2() throws Exception {
    Volume volume = add();
    String[] same = {"backup", "full", volume.name, "--rate-limit", LASTING, "--detach"};
    JsonNode first = group.succeed(same);
    JsonNode second = group.succeed(same);
    RealGroup.Answer other = group.run("backup", "full", volume.name);

    assertThat(first.path("how").asText()).isEqualTo("STARTED");
    assertThat(second.path("how").asText()).isEqualTo("ATTACHED");
    assertThat(second.path("runId")).isEqualTo(first.path("runId"));
    assertThat(other.exit()).as(other.toString()).isEqualTo(7);
    assertThat(other.error().path("code").asText()).isEqualTo("already-running");
    group.succeed("run", "cancel", volume.backup());
    group.succeed("backup", "full", volume.name);
    assertThat(group.succeed("point", "list", volume.name)).hasSize(1);
    assertRestores(volume);
  }

  @Test
  void aTerminatedRunIsSupersededAndWhatIsDurableIsAdoptedRuleK2() throws Exception {
    Volume volume = add();
    RealGroup.Command first = group.start("backup", "full", volume.name, "--rate-limit", LASTING);
    long durable = group.awaitBackedUp(volume.name, SOON);
    RealGroup.Answer terminated =
        group.temporal("workflow", "terminate", "--workflow-id", volume.backup());
    assertThat(terminated.exit()).as(terminated.toString()).isZero();
    assertThat(first.await().exit()).isNotZero();

    JsonNode second = group.succeed("backup", "full", volume.name);

    assertThat(second.path("bytesSent").asLong())
        .as("what is durable is not sent again")
        .isLessThanOrEqualTo(Volumes.dataBytes(durable, SIZE));
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

  /** Twenty seconds in CI, two minutes with {@code --long}. */
  @Test
  @ResourceLock(value = TEMPORAL, mode = READ_WRITE)
  void theTransferGoesOnWhileTemporalIsAwayRuleK3() throws Exception {
    int awaySeconds = Boolean.getBoolean("backstay.long") ? 120 : 20;
    Volume volume = add(awaySeconds + 12);
    RealGroup.Command command =
        group.start("backup", "full", volume.name, "--rate-limit", "1MiB/s");
    long before = group.awaitBackedUp(volume.name, 4L * Volumes.MIB);
    long temporal = group.pid("temporal");
    RealGroup.signal("STOP", temporal);
    long stopped = System.nanoTime();
    try {
      group.awaitBackedUp(volume.name, before + (long) awaySeconds / 2 * Volumes.MIB);
      group.awaitPassed(Duration.ofSeconds(awaySeconds), stopped);
    } finally {
      RealGroup.signal("CONT", temporal);
    }
    JsonNode result = command.await().json();
    assertThat(result.path("bytesResent").asLong()).as("%s", result).isZero();
    assertRestores(volume);
  }

  @Test
  void aCancelledBackupLeavesBothServersSteadyAndTheNextAdoptsWhatIsDurableRuleK3()
      throws Exception {
    Volume volume = add();
    RealGroup.Command command = group.start("backup", "full", volume.name, "--rate-limit", LASTING);
    long durable = group.awaitBackedUp(volume.name, SOON);

    JsonNode cancelled = group.succeed("run", "cancel", volume.backup());

    assertThat(cancelled.path("state").asText()).isEqualTo("CANCELLED");
    assertThat(command.await().exit()).isEqualTo(5);
    assertThat(group.states(volume.name))
        .as("invariant 6")
        .containsExactly("s0 READY", "a0 SYNC_READY, receiving");
    JsonNode second = group.succeed("backup", "full", volume.name);
    assertThat(second.path("bytesSent").asLong())
        .as("what is durable is not sent again")
        .isLessThanOrEqualTo(Volumes.dataBytes(durable, SIZE));
    assertThat(group.states(volume.name)).containsExactly("s0 READY", "a0 ARCHIVED");
    assertRestores(volume);
  }

  @Test
  void aCancelledRestoreLeavesBothServersSteadyAndHoldsNothingRuleX10() throws Exception {
    Volume volume = add();
    JsonNode first = group.succeed("backup", "full", volume.name);
    group.succeed("backup", "full", volume.name);
    String gid = first.path("gid").asText();
    Path target = directory.resolve(volume.name + ".cancelled");
    RealGroup.Command command =
        group.start(
            "restore",
            volume.name,
            "--gid",
            gid,
            "--to",
            target.toString(),
            "--rate-limit",
            LASTING);
    group.awaitRestored(target, SOON);

    JsonNode cancelled =
        group.succeed("run", "cancel", "restore/" + volume.name + target.toString());

    assertThat(cancelled.path("state").asText()).isEqualTo("CANCELLED");
    assertThat(command.await().exit()).isEqualTo(5);
    assertThat(group.states(volume.name))
        .as("invariant 6")
        .containsExactly("s0 READY", "a0 ARCHIVED");
    assertRestores(volume);
    group.succeed("point", "delete", volume.name, "--gid", gid, "--yes");
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

    assertThat(answer.exit()).as(() -> answer + group.logs()).isEqualTo(1);
    assertThat(answer.error().path("code").asText()).isEqualTo("source-changed");
    assertThat(group.succeed("point", "list", volume.name)).isEmpty();
    group.succeed("backup", "full", volume.name);
    assertRestores(volume);
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
    assertThat(answer.exit()).as(() -> answer + group.logs()).isNotZero();
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
    assertThat(answer.exit()).as(() -> answer + group.logs()).isZero();
    assertRestores(volume);
  }
}
