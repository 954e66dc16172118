package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher hears of no failure of a training: it would only make what follows slower. */
class TrainingTest {
  /** As the launcher lets it take. */
  private static final Duration LONGEST = Duration.ofSeconds(180);

  @TempDir Path temporary;

  @Test
  void theTrainingOfServersMovesBytesThroughAllOfThem() throws IOException, InterruptedException {
    Path output = temporary.resolve("output");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.io.tmpdir=" + temporary,
            "-Dbackstay.training=servers",
            "-cp",
            System.getProperty("java.class.path"),
            Backstay.class.getName(),
            "--help");
    Process training =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = training.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS);
    training.destroyForcibly();
    assertThat(ended).as("ended by itself: " + Files.readString(output)).isTrue();
    assertThat(training.exitValue()).as(Files.readString(output)).isZero();
    assertThat(Files.readString(output)).startsWith("Usage:").doesNotContain("Exception");
    try (var left = Files.list(temporary)) {
      assertThat(left.filter(path -> path.getFileName().toString().startsWith("backstay-training")))
          .isEmpty();
    }
  }
}
