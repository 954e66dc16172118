package io.backstay.cli;

import io.backstay.convert.FileAccess;
import io.backstay.device.LinuxDevices;
import io.backstay.group.GroupFile;
import io.backstay.group.Launch;
import io.backstay.group.Layout;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What every command is given: the options that all have, and the world around the process. */
final class Shell {
  private final InputStream in;
  private final PrintStream out;
  private final PrintStream err;
  private final Map<String, String> environment;
  private final Time time;
  private OutputFormat format = OutputFormat.TEXT;
  private Optional<Path> directory = Optional.empty();

  Shell(
      InputStream in,
      PrintStream out,
      PrintStream err,
      Map<String, String> environment,
      Time time) {
    this.in = in;
    this.out = out;
    this.err = err;
    this.environment = environment;
    this.time = time;
  }

  void format(OutputFormat chosen) {
    format = chosen;
  }

  void directory(Path chosen) {
    directory = Optional.of(chosen);
  }

  Output output() {
    return new Output(out, err, format);
  }

  InputStream in() {
    return in;
  }

  PrintStream out() {
    return out;
  }

  PrintStream err() {
    return err;
  }

  Time time() {
    return time;
  }

  /** How files that a user names are read and written. */
  FileAccess files() {
    return new FileAccess(new LinuxDevices(time), time);
  }

  /** Where programs are looked for. */
  String path() {
    return environment.getOrDefault("PATH", "");
  }

  /** What --dir said. */
  Optional<Path> chosenDirectory() {
    return directory;
  }

  boolean debugging() {
    return environment.containsKey("BACKSTAY_DEBUG");
  }

  Launch launch() {
    return Launch.asThisProcess();
  }

  /** --dir, else BACKSTAY_DIR, else below XDG_DATA_HOME or ~/.local/share. */
  Layout layout() {
    return new Layout(directory.or(this::fromEnvironment).orElseGet(this::usual));
  }

  private Optional<Path> fromEnvironment() {
    return Optional.ofNullable(environment.get("BACKSTAY_DIR"))
        .filter(dir -> !dir.isBlank())
        .map(Path::of);
  }

  private Path usual() {
    String share = environment.get("XDG_DATA_HOME");
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    Path above = share == null || share.isBlank() ? Path.of(home, ".local/share") : Path.of(share);
    return above.resolve("backstay");
  }

  /**
   * The group of the directory.
   *
   * @throws RefusedException {@code not-found}
   */
  GroupFile group() throws RefusedException, IOException {
    Layout layout = layout();
    if (layout.exists()) return GroupFile.read(layout);
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_FOUND, "there is no group here")
            .attempted("find the group of " + layout.directory())
            .found("no " + layout.groupFile())
            .next("make it: backstay up; or name another directory: --dir or BACKSTAY_DIR"));
  }

  /** Whether a person sees what is written to stderr. */
  boolean watched() {
    return isTerminal(2);
  }

  /** Whether a person can answer. */
  boolean answers() {
    return isTerminal(0);
  }

  private boolean isTerminal(int descriptor) {
    if ("dumb".equals(environment.get("TERM"))) return false;
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }
}
