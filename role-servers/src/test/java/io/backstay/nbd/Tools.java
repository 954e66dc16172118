package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Other people's NBD clients. A test whose tool is missing is skipped and says so. */
public final class Tools {
  private Tools() {}

  public static void need(String... tools) {
    for (String tool : tools) {
      boolean there =
          Stream.of(System.getenv("PATH").split(":"))
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
      if (!there) {
        System.err.printf(
            "SKIPPED: %s is not installed; deployment/test-tools.txt names its package%n", tool);
      }
      Assumptions.assumeTrue(there, tool);
    }
  }

  /** What came of it. */
  public record Outcome(int exit, String text) {}

  /** What it printed; it must succeed. */
  public static String run(String... command) throws IOException, InterruptedException {
    Outcome outcome = outcome(command);
    assertThat(outcome.exit()).as(String.join(" ", command) + "\n" + outcome.text()).isZero();
    return outcome.text();
  }

  public static Outcome outcome(String... command) throws IOException, InterruptedException {
    List<String> all = Stream.concat(Stream.of("timeout", "60"), Stream.of(command)).toList();
    Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), text);
  }
}
