package io.backstay.cli;

import io.backstay.group.Supervisor;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Cbor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code server run}, and the supervisor, which only {@code up} starts. */
@Command(
    name = "server",
    description = "The processes of a group.",
    footerHeading = "%nExample:%n",
    footer = "  backstay server run --config /etc/backstay/a0.json")
final class ServerCommands implements Callable<Integer> {
  private final Shell shell;

  private ServerCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    return new CommandLine(new ServerCommands(shell))
        .addSubcommand(new Run(shell))
        .addSubcommand(new Supervise(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "server");
  }

  @Command(
      name = "run",
      description = {
        "Run one server until SIGTERM, as systemd or the supervisor of a group does.",
        "BACKSTAY_LOG=json logs JSON."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay server run --config /etc/backstay/a0.json")
  static final class Run implements Callable<Integer> {
    private final Shell shell;

    @Option(
        names = "--config",
        required = true,
        paramLabel = "FILE",
        description = "Configuration of the server, JSON.")
    private Path config;

    @Option(
        names = "--log-file",
        paramLabel = "FILE",
        description = "Log there, bounded, instead of to stdout.")
    private Optional<String> logFile = Optional.empty();

    Run(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      LogSetup.asServer(logFile);
      ServerConfig read = Cbor.json().readValue(Files.readAllBytes(config), ServerConfig.class);
      new RoleProcess(read, shell.time()).run();
      return 0;
    }
  }

  @Command(
      name = "supervise",
      hidden = true,
      description = "Keep the group of a directory alive; 'up' starts it.")
  static final class Supervise implements Callable<Integer> {
    private final Shell shell;

    @Option(
        names = "--while",
        paramLabel = "PID",
        description = "Stop the group when this process ends.")
    private Optional<Long> onlyWhile = Optional.empty();

    Supervise(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      LogSetup.asServer(Optional.of(shell.layout().log("supervisor").toString()));
      new Supervisor(shell.layout(), shell.launch(), onlyWhile, shell.time()).run();
      return 0;
    }
  }
}
