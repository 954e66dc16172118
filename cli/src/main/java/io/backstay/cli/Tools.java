package io.backstay.cli;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs of the system that the demo uses. */
final class Tools {
  /** Where Debian keeps them outside of an ordinary user's PATH. */
  private static final List<String> MORE = List.of("/usr/sbin", "/sbin");

  private final List<Path> directories;

  Tools(String path) {
    this.directories =
        Stream.concat(Arrays.stream(path.split(":")), MORE.stream())
            .filter(entry -> !entry.isBlank())
            .map(Path::of)
            .toList();
  }

  private Optional<Path> find(String name) {
    return directories.stream()
        .map(directory -> directory.resolve(name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * @throws RefusedException that names those which are missing
   */
  void require(String debianPackage, String... names) throws RefusedException {
    List<String> missing = Arrays.stream(names).filter(name -> find(name).isEmpty()).toList();
    if (missing.isEmpty()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.OTHER, "a program that the demo needs is missing")
            .attempted("find " + String.join(", ", names))
            .found("not there: " + String.join(", ", missing))
            .next("install it, on Debian and Ubuntu: apt install " + debianPackage));
  }

  /**
   * Runs it to its end.
   *
   * @return what it printed to stdout and stderr
   * @throws IOException when it ends with another code than 0
   */
  String run(String name, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(find(name).orElse(Path.of(name)).toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    int code = process.waitFor();
    if (code != 0) {
      throw new IOException(
          "%s ended with %d: %s".formatted(String.join(" ", command), code, printed));
    }
    return printed;
  }
}
