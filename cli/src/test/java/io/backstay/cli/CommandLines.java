package io.backstay.cli;

import io.backstay.seam.Time;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Command lines carried out in the process of the tests, by the code that the executable runs: a
 * process of its own for each of them would take longer than what most of them do.
 */
public final class CommandLines {
  private CommandLines() {}

  /** What one of them came to. */
  public record Ran(int exit, String out, String err) {}

  /**
   * Runs one to its end, as in a shell without a terminal.
   *
   * @param group the directory that it works in, unless it names another
   */
  public static Ran run(Path group, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BACKSTAY_DIR", group.toString());
    Shell shell =
        new Shell(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            environment,
            Time.system());
    int exit = Backstay.execute(shell, arguments);
    return new Ran(
        exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
