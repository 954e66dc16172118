package io.backstay.group;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How this build starts more processes of itself, each of which outlives the one that started it.
 *
 * @param backstay the command line that arguments are added to
 * @param environment added to this process's own
 * @param source the tree that the launcher lies in, if there is a launcher
 */
public record Launch(
    List<String> backstay, Map<String, String> environment, Optional<Path> source) {
  private static final File NOTHING = new File("/dev/null");

  public Launch {
    backstay = List.copyOf(backstay);
    environment = Map.copyOf(environment);
  }

  /** By the launcher that started this process, else by its own java and class path. */
  public static Launch asThisProcess() {
    String launcher = System.getProperty("backstay.launcher");
    String home = System.getProperty("backstay.home", System.getProperty("java.home"));
    if (launcher != null) {
      return new Launch(
          List.of(launcher),
          Map.of("BACKSTAY_JAVA_HOME", home),
          Optional.ofNullable(Path.of(launcher).getParent()));
    }
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return new Launch(
        List.of(
            Path.of(home, "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "-cp",
            classPath,
            "io.backstay.cli.Backstay"),
        Map.of(),
        Optional.empty());
  }

  /** The command line of this build with those arguments. */
  List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(backstay);
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * Starts a process with nothing on stdin, whose prints are appended to a file. It gets no
   * terminal and a session of its own, so that a Ctrl-C at the terminal, or its end, is not meant
   * for it.
   */
  Process startDetached(List<String> command, Path directory, Path printed) throws IOException {
    List<String> words = new ArrayList<>(List.of("setsid"));
    words.addAll(command);
    Files.createDirectories(printed.getParent());
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .directory(directory.toFile())
            .redirectInput(NOTHING)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(printed.toFile()))
            .redirectErrorStream(true);
    builder.environment().putAll(environment);
    // Meant for the person's own "temporal" command, not for the server of the group.
    builder.environment().keySet().removeIf(name -> name.startsWith("TEMPORAL_"));
    return builder.start();
  }
}
