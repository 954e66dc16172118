package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.workflow.FullBackup;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code backup full}. */
@Command(
    name = "backup",
    description = "Bring a volume into the archive.",
    footerHeading = "%nExample:%n",
    footer = "  backstay backup full vol0")
final class BackupCommands implements Callable<Integer> {
  private final Shell shell;

  private BackupCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    return new CommandLine(new BackupCommands(shell)).addSubcommand(new Full(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "backup");
  }

  @Command(
      name = "full",
      description = {
        "Send the whole volume to its archive; the result is a new restorable point.",
        "It survives the death of any process and goes on where it stopped."
      },
      footerHeading = "%nExample:%n",
      footer = {
        "  backstay backup full vol0 --rate-limit 100MiB/s",
        "  backstay backup full vol0 --detach; backstay run wait full-backup/vol0"
      })
  static final class Full implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(names = "--detach", description = "Start the run and do not wait for it.")
    private boolean detach;

    @Option(
        names = "--rate-limit",
        paramLabel = "RATE",
        description = "Send at most so much: 100MiB/s, 20MB/s, or in bytes per second.")
    private String rateLimit;

    @Option(
        names = "--archive",
        paramLabel = "SERVER",
        description = "Another archive of the volume than its primary one.")
    private String archive;

    Full(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      FullBackup.Input input = new FullBackup.Input(volume, rateLimit, archive);
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        return new RunDesk(shell, connection, group)
            .run(input, detach ? RunDesk.Stay.DETACH : RunDesk.Stay.FOLLOW, Full::text);
      }
    }

    private static String text(ObjectNode result) {
      double seconds = result.path("seconds").asDouble();
      long read = result.path("bytesRead").asLong();
      return String.format(
          Locale.ROOT,
          "%s: gid %d is restorable, the volume as of %s (%s read, %s sent, %s of it twice, %.1f s)",
          result.path("volume").asText(),
          result.path("gid").asLong(),
          result.path("time").asText(),
          Quantity.bytes(read),
          Quantity.bytes(result.path("bytesSent").asLong()),
          Quantity.bytes(result.path("bytesResent").asLong()),
          seconds);
    }
  }
}
