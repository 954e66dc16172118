package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.group.Launch;
import io.backstay.group.ProcessTable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
  @TempDir Path directory;

  @Test
  void theDemoComparesEveryByteAndLeavesNothingBehind() throws Exception {
    LiveGroup.requireTemporal();
    Assumptions.assumeTrue(hasTools(), "e2fsprogs is missing");
    Path leftover = Files.createDirectory(directory.resolve("demo"));
    Files.writeString(leftover.resolve("backstay-demo"), Long.toString(deadProcess()));
    Files.writeString(leftover.resolve("old"), "of a demo that was killed");

    LiveGroup.Ran demo =
        new LiveGroup(directory.resolve("unused")).backstay("--dir", leftover.toString(), "demo");

    JsonNode proof = demo.fitting("demo");
    assertThat(proof.path("killedAtBytes").asLong())
        .as("in the middle of its data, of which the last is followed by zeroes alone")
        .isBetween(DemoVolume.SIZE_BYTES / 8, DemoVolume.SIZE_BYTES - 1);
    assertThat(proof.path("bytesResent").asLong())
        .as("nothing is done from the beginning again")
        .isLessThan(DemoVolume.SIZE_BYTES / 4);
    assertThat(proof.path("files").asInt()).isGreaterThan(100);
    JsonNode continuous = proof.path("continuous");
    Assumptions.assumeTrue(continuous.isObject(), "nbdcopy is missing");
    assertThat(continuous.path("rowsBack").asLong())
        .isBetween(1L, continuous.path("rows").asLong());
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(leftover.toString());
    assertThat(leftover).doesNotExist();
    String state = leftover.resolve("group/temporal/state.db").toString();
    assertThat(ProcessTable.ofThisMachine().withArguments(List.of(state))).isEmpty();
  }

  @Test
  void whereNoTemporalServerCanBeHadTheDemoDoesWithoutAndSaysWhatIsLost() throws Exception {
    Assumptions.assumeTrue(hasTools(), "e2fsprogs is missing");
    Path where = directory.resolve("without");
    List<String> command = new ArrayList<>(Launch.asThisProcess().backstay());
    command.addAll(List.of("demo", "--plain", "--dir", where.toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("BACKSTAY_TEMPORAL", directory.resolve("no-such").toString());
    Process demo = builder.start();
    String said = new String(demo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(demo.waitFor()).as(said).isZero();
    assertThat(said)
        .contains("no web UI", "nothing outlives this demo", "vol0 came back byte for byte");
    assertThat(where).doesNotExist();
  }

  private static boolean hasTools() {
    try {
      new Tools(System.getenv("PATH")).require("e2fsprogs", "mke2fs", "e2fsck", "debugfs");
      return true;
    } catch (io.backstay.model.RefusedException e) {
      return false;
    }
  }

  private static long deadProcess() throws Exception {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    return process.pid();
  }

  @Test
  void aDirectoryThatHoldsSomethingElseIsNotTouched() throws Exception {
    Path own = Files.createDirectory(directory.resolve("mine"));
    Files.writeString(own.resolve("thesis"), "precious");
    LiveGroup.Ran demo =
        new LiveGroup(directory.resolve("unused")).backstay("--dir", own.toString(), "demo");
    assertThat(demo.exit()).isEqualTo(4);
    assertThat(own.resolve("thesis")).hasContent("precious");
  }
}
