package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher hears of no failure of a training: it would only make what follows slower. */
class TrainingTest {
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
    assertThat(training.waitFor()).as(Files.readString(output)).isZero();
    assertThat(Files.readString(output)).startsWith("Usage:").doesNotContain("Exception");
    try (var left = Files.list(temporary)) {
      assertThat(left.filter(path -> path.getFileName().toString().startsWith("backstay-training")))
          .isEmpty();
    }
  }
}
