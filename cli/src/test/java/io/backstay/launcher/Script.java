package io.backstay.launcher;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Runs a shell script of the tree in an environment that holds nothing but what a test gives. */
final class Script {
  private final Path file;
  private final Map<String, String> environment = new TreeMap<>();

  Script(Path file, Path path) {
    this.file = file;
    environment.put("PATH", path + ":/usr/bin:/bin");
  }

  /** What came of a run. */
  record Outcome(int code, String out, String err) {}

  Script with(String name, Object value) {
    environment.put(name, value.toString());
    return this;
  }

  Outcome run(String... arguments) {
    return finish(start(arguments));
  }

  /** Starts it; its output goes to files, so that nobody has to read them meanwhile. */
  Started start(String... arguments) {
    String[] command =
        Stream.concat(Stream.of(file.toString()), Arrays.stream(arguments)).toArray(String[]::new);
    try {
      Path out = Files.createTempFile("out", ".txt");
      Path err = Files.createTempFile("err", ".txt");
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
      builder.environment().clear();
      builder.environment().putAll(environment);
      return new Started(builder.start(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A script that runs. */
  record Started(Process process, Path out, Path err) {}

  static Outcome finish(Started started) {
    try {
      int code = started.process().waitFor();
      Outcome outcome =
          new Outcome(code, Files.readString(started.out()), Files.readString(started.err()));
      Files.delete(started.out());
      Files.delete(started.err());
      return outcome;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a script ran", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes an executable file. */
  static Path executable(Path file, String... lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, Arrays.asList(lines), StandardCharsets.UTF_8);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }
}
