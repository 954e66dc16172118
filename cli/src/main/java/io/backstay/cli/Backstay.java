package io.backstay.cli;

import io.backstay.seam.Time;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The one executable: the composition root of every server, the worker and the commands. */
@Command(
    name = "backstay",
    description = "Backup orchestrator for block volumes.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Backstay.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay demo                         see it work, in about a minute",
      "  backstay up                           start a group on this machine",
      "  backstay volume add vol0 --kind plain --device /srv/disk.img",
      "  backstay backup full vol0",
      "  backstay restore vol0 --to /srv/restored.img",
      "",
      "Exit codes: 0 done, 1 failed, 2 usage, 3 partial, 4 refused and nothing",
      "changed, 5 aborted, 6 not found, 7 conflict or held or fenced, 8 unreachable,",
      "9 verification failed, 12 not authorised, 13 point not reachable, 130 detached."
    })
public final class Backstay implements Callable<Integer> {
  private final Shell shell;
  @Spec private CommandSpec spec;

  private Backstay(Shell shell) {
    this.shell = shell;
  }

  public static void main(String[] args) throws Exception {
    if (Boolean.getBoolean("backstay.training")) new Training().run();
    Shell shell = new Shell(System.in, System.out, System.err, System.getenv(), Time.system());
    System.exit(execute(shell, args));
  }

  /** Runs one command line and answers its exit code. */
  static int execute(Shell shell, String... args) {
    CommandLine line = commands(shell);
    line.setOut(new java.io.PrintWriter(shell.out(), true));
    line.setErr(new java.io.PrintWriter(shell.err(), true));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler((wrong, given) -> usage(shell, wrong, given));
    line.setExecutionExceptionHandler((thrown, command, parsed) -> failed(shell, thrown, args));
    return line.execute(args);
  }

  /** The whole tree of commands. */
  static CommandLine commands(Shell shell) {
    return new CommandLine(new Backstay(shell))
        .addSubcommand(new UpCommand(shell))
        .addSubcommand(new DownCommand(shell))
        .addSubcommand(new StatusCommand(shell))
        .addSubcommand(VolumeCommands.of(shell))
        .addSubcommand(BackupCommands.of(shell))
        .addSubcommand(PointCommands.of(shell))
        .addSubcommand(new RestoreCommand(shell))
        .addSubcommand(new VerifyCommand(shell))
        .addSubcommand(RunCommands.of(shell))
        .addSubcommand(ServerCommands.of(shell))
        .addSubcommand(new DemoCommand(shell));
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      scope = ScopeType.INHERIT,
      description = "How to answer on stdout: text (default), json, jsonl.")
  void format(OutputFormat format) {
    shell.format(format);
  }

  @Option(
      names = "--dir",
      paramLabel = "D",
      scope = ScopeType.INHERIT,
      description =
          "Directory of the group on this machine; default: BACKSTAY_DIR, or ~/.local/share/backstay.")
  void directory(Path directory) {
    shell.directory(directory);
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(shell.out());
    return 0;
  }

  private static int usage(Shell shell, ParameterException wrong, String[] args) {
    // Parsing may have failed before it came to the format.
    List<String> words = Arrays.asList(args);
    for (OutputFormat format : List.of(OutputFormat.JSON, OutputFormat.JSONL)) {
      String name = format.name().toLowerCase(java.util.Locale.ROOT);
      int option = Math.max(words.indexOf("-o"), words.indexOf("--output"));
      boolean apart =
          option >= 0 && option + 1 < words.size() && words.get(option + 1).equals(name);
      if (apart || words.contains("-o" + name) || words.contains("--output=" + name)) {
        shell.format(format);
      }
    }
    Failure failure =
        Failure.usage(
            wrong.getMessage().replaceFirst("^Error: ", ""),
            attempted(args),
            wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    shell.output().error(failure);
    return failure.exit();
  }

  private static int failed(Shell shell, Exception thrown, String[] args) {
    if (shell.debugging()) thrown.printStackTrace(shell.err());
    Failure failure = Failure.of(thrown, attempted(args));
    shell.output().error(failure);
    return failure.exit();
  }

  private static String attempted(String[] args) {
    return "backstay " + String.join(" ", args);
  }

  /** The version as the jar's manifest tells it. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {software()};
    }
  }

  /** What this process says of itself to others. */
  static String software() {
    return "backstay " + version();
  }

  private static String version() {
    String version = Backstay.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
