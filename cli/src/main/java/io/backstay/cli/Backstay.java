package io.backstay.cli;

import io.backstay.net.NettyNetwork;
import io.backstay.seam.Time;
import io.backstay.worker.Runs;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
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
      "For those who change Backstay, by the launcher: backstay test | simulate | bench",
      "",
      "Exit codes: 0 done, 1 failed, 2 usage, 3 partial, 4 refused and nothing",
      "changed, 5 aborted, 6 not found, 7 conflict or held or fenced, 8 unreachable,",
      "9 verification failed, 10 inspected and something is wrong, 12 not authorised,",
      "13 point not reachable, 130 detached."
    })
public final class Backstay implements Callable<Integer> {
  /** Commands that ask servers at once. */
  private static final Set<String> ASKING =
      Set.of("status", "volume", "point", "export", "kick", "apply", "merge");

  /** Commands that ask Temporal at once. */
  private static final Set<String> RUNNING =
      Set.of("backup", "snapshot", "restore", "verify", "apply", "merge", "run");

  private final Shell shell;
  @Spec private CommandSpec spec;

  private Backstay(Shell shell) {
    this.shell = shell;
  }

  public static void main(String[] args) throws Exception {
    String training = System.getProperty("backstay.training");
    if (training != null) {
      new Training(Training.Kind.valueOf(training.toUpperCase(Locale.ROOT))).run();
    }
    String word = firstWord(args);
    if (!word.equals("server") && System.getenv("BACKSTAY_DEBUG") == null) LogSetup.off();
    // It takes as long as all else that a short command does, so it is done beside that.
    if (ASKING.contains(word)) Time.system().fork("preload", NettyNetwork::preload);
    if (RUNNING.contains(word)) Time.system().fork("preload", Runs::preload);
    Shell shell = new Shell(System.in, System.out, System.err, System.getenv(), Time.system());
    System.exit(execute(shell, args));
  }

  /** Runs one command line and answers its exit code. */
  static int execute(Shell shell, String... args) {
    CommandLine line = commands(shell, args);
    line.setOut(new java.io.PrintWriter(shell.out(), true));
    line.setErr(new java.io.PrintWriter(shell.err(), true));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler((wrong, given) -> usage(shell, wrong, given));
    line.setExecutionExceptionHandler((thrown, command, parsed) -> failed(shell, thrown, args));
    return line.execute(args);
  }

  /** All commands by their first word, in the order in which help shows them. */
  private static Map<String, Function<Shell, Object>> makers() {
    Map<String, Function<Shell, Object>> makers = new LinkedHashMap<>();
    makers.put("up", UpCommand::new);
    makers.put("down", DownCommand::new);
    makers.put("status", StatusCommand::new);
    makers.put("volume", VolumeCommands::of);
    makers.put("backup", BackupCommands::of);
    makers.put("snapshot", SnapshotCommands::of);
    makers.put("point", PointCommands::of);
    makers.put("restore", RestoreCommand::new);
    makers.put("export", ExportCommand::new);
    makers.put("verify", VerifyCommand::new);
    makers.put("apply", ApplyCommand::new);
    makers.put("merge", MergeCommand::new);
    makers.put("kick", KickCommand::new);
    makers.put("run", RunCommands::of);
    makers.put("inspect", InspectCommands::of);
    makers.put("convert", ConvertCommands::of);
    makers.put("merge-wdiff", MergeWdiffCommand::new);
    makers.put("apply-wdiff", ApplyWdiffCommand::new);
    makers.put("server", ServerCommands::of);
    makers.put("demo", DemoCommand::new);
    return makers;
  }

  /** The whole tree of commands. */
  static CommandLine commands(Shell shell) {
    CommandLine all = new CommandLine(new Backstay(shell));
    makers().forEach((word, maker) -> all.addSubcommand(word, maker.apply(shell)));
    return all;
  }

  /**
   * As much of the tree as the arguments need: describing all commands takes longer than carrying
   * out a short one.
   */
  private static CommandLine commands(Shell shell, String[] args) {
    Function<Shell, Object> maker = makers().get(firstWord(args));
    return maker == null
        ? commands(shell)
        : new CommandLine(new Backstay(shell)).addSubcommand(firstWord(args), maker.apply(shell));
  }

  /** The first argument that is neither an option nor the value of one. */
  private static String firstWord(String[] args) {
    for (int i = 0; i < args.length; i++) {
      boolean takesValue = Set.of("-o", "--output", "--dir").contains(args[i]);
      if (takesValue) i++;
      else if (!args[i].startsWith("-")) return args[i];
    }
    return "";
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
      String name = format.name().toLowerCase(Locale.ROOT);
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
