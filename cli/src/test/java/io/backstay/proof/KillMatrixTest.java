package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Invariant 9: killing any party at any step of an operation changes only how long it takes. Each
 * party is killed with SIGKILL at fractions of the durable progress of a full backup and of a
 * restore; the supervisor starts it again. CI kills each party once in each operation, {@code
 * --long} at five fractions. The table is printed at the end.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT) // with other classes; the kills themselves one after the other
class KillMatrixTest {
  private static final int MEBIBYTES = 64;
  private static final long SIZE = (long) MEBIBYTES * Volumes.MIB;
  private static final String RATE = "12MiB/s";
  private static final List<String> PARTIES = List.of("s0", "a0", "c0", "w0", "temporal");

  /**
   * In percent; what is durable is told twice a second, so the last one has to leave time for it.
   */
  private static final List<Integer> FRACTIONS = List.of(5, 25, 50, 70, 85);

  private Path directory;
  private RealGroup group;
  private Path source;
  private int runs;
  private final List<String> table = new ArrayList<>();

  @BeforeAll
  void start(@TempDir Path made) throws IOException, InterruptedException {
    directory = made;
    group = RealGroup.up(directory.resolve("group"));
    source = Volumes.make(directory.resolve("vol0.img"), MEBIBYTES, 42);
    group.succeed("volume", "add", "vol0", "--kind", "plain", "--device", source.toString());
    group.succeed("backup", "full", "vol0");
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group == null) return;
    System.out.println("operation    party      killed at  seconds  sent twice");
    table.forEach(System.out::println);
    group.close();
  }

  static Stream<Arguments> kills() {
    boolean all = Boolean.getBoolean("backstay.long");
    List<Arguments> kills = new ArrayList<>();
    for (String operation : List.of("backup", "restore")) {
      for (int party = 0; party < PARTIES.size(); party++) {
        // One kill each in CI, at another fraction for each party.
        List<Integer> percents = all ? FRACTIONS : List.of(15 + 15 * party);
        for (int percent : percents)
          kills.add(Arguments.of(operation, PARTIES.get(party), percent));
      }
    }
    return kills.stream();
  }

  @Execution(ExecutionMode.SAME_THREAD)
  @ParameterizedTest(name = "{0}: {1} is killed at {2} percent")
  @MethodSource("kills")
  void everyByteComesBackAndNothingIsDoneFromTheBeginningAgain(
      String operation, String party, int percent) throws IOException, InterruptedException {
    Path target = directory.resolve("restored-" + runs++);
    long pid = group.pid(party);
    RealGroup.Command command =
        operation.equals("backup")
            ? group.start("backup", "full", "vol0", "--rate-limit", RATE)
            : group.start("restore", "vol0", "--to", target.toString(), "--rate-limit", RATE);
    long killedAt =
        operation.equals("backup")
            ? group.awaitBackedUp("vol0", SIZE * percent / 100)
            : group.awaitRestored(target, SIZE * percent / 100);
    RealGroup.kill(pid);
    RealGroup.Answer answer = command.await();

    assertThat(answer.exit()).as(answer.toString()).isZero();
    JsonNode result = answer.json();
    if (operation.equals("backup")) {
      group.succeed(
          "restore", "vol0", "--gid", result.path("gid").asText(), "--to", target.toString());
    }
    Volumes.assertSameBytes(source, target);
    Files.delete(target);
    long again = result.path("bytesResent").asLong(0);
    assertThat(again)
        .as("bytes moved twice after a kill at %d bytes", killedAt)
        .isLessThan(SIZE / 2);
    assertSteady();
    table.add(
        "%-12s %-10s %6d %%  %7.1f  %10d"
            .formatted(operation, party, percent, result.path("seconds").asDouble(), again));
  }

  /** Invariant 6: no volume is left in a transient state. */
  private void assertSteady() throws IOException {
    assertThat(group.states("vol0")).containsExactly("s0 READY", "a0 ARCHIVED");
  }
}
