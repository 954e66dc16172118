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
import java.util.Collection;
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

  private Tools(List<Path> directories) {
    this.directories = directories;
  }

  /** The same, and those in other directories where nobody looks for programs. */
  Tools alsoIn(List<Path> more) {
    return new Tools(Stream.concat(directories.stream(), more.stream()).toList());
  }

  boolean has(String name) {
    return find(name).isPresent();
  }

  /** Its full path where it is known. */
  String path(String name) {
    return find(name).orElse(Path.of(name)).toString();
  }

  /** The names of those which are not there; empty if all are. */
  Optional<String> missing(Collection<String> names) {
    List<String> missing = names.stream().filter(name -> !has(name)).toList();
    return missing.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", missing));
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
    Optional<String> missing = missing(List.of(names));
    if (missing.isEmpty()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.OTHER, "a program that the demo needs is missing")
            .attempted("find " + String.join(", ", names))
            .found("not there: " + missing.get())
            .next("install it, on Debian and Ubuntu: apt install " + debianPackage));
  }

  /** Starts one that works until it is ended; what it says of errors goes nowhere. */
  Process start(String name, String... arguments) throws IOException {
    return new ProcessBuilder(line(name, arguments))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** Runs it to its end and answers whether it ended with 0. */
  boolean succeeds(String name, String... arguments) throws IOException, InterruptedException {
    try {
      run(name, arguments);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  String sha256(Path file) throws IOException, InterruptedException {
    return sha256(List.of(file)).getFirst();
  }

  /** In hex, in this order. The program is several times as fast as a JVM that has just begun. */
  List<String> sha256(List<Path> files) throws IOException, InterruptedException {
    String printed = run("sha256sum", files.stream().map(Path::toString).toArray(String[]::new));
    return printed.lines().map(line -> line.split(" ")[0]).toList();
  }

  private List<String> line(String name, String... arguments) {
    List<String> line = new ArrayList<>(List.of(path(name)));
    line.addAll(List.of(arguments));
    return line;
  }

  /**
   * Runs it to its end.
   *
   * @return what it printed to stdout and stderr
   * @throws IOException when it ends with another code than 0
   */
  String run(String name, String... arguments) throws IOException, InterruptedException {
    List<String> command = line(name, arguments);
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
