package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.model.Cut;
import io.backstay.model.ProtectionRecord;
import io.backstay.wire.Command.TakeSnapshot;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code snapshot take}. */
@Command(
    name = "snapshot",
    description = "Name a moment of a logged volume, to restore it as it was then.",
    footerHeading = "%nExample:%n",
    footer = "  backstay snapshot take vol0 --label before-upgrade")
final class SnapshotCommands implements Callable<Integer> {
  private final Shell shell;

  private SnapshotCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    return new CommandLine(new SnapshotCommands(shell)).addSubcommand(new Take(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "snapshot");
  }

  /** What was taken. */
  record Taken(String volume, long gid, Instant time, Optional<String> label) {}

  @Command(
      name = "take",
      description = {
        "Keep the volume as it is now: everything that was written and answered before.",
        "It can be restored when an archive has the log up to there."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay snapshot take vol0 --label before-upgrade")
  static final class Take implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(names = "--label", paramLabel = "L", description = "A word for it; not unique.")
    private String label;

    Take(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        Servers servers = connection.servers(group);
        ProtectionRecord record = VolumeCommands.record(servers, volume);
        Reply reply =
            GroupConnection.accepted(
                servers.call(
                    record.storage(), new TakeSnapshot(volume, Optional.ofNullable(label))));
        if (!(reply instanceof Reply.SnapshotTaken(Cut cut)))
          throw new IOException("%s answered %s".formatted(record.storage(), reply));
        Taken taken = new Taken(volume, cut.gid(), cut.time(), cut.label());
        shell.output().object(taken, () -> text(taken));
      }
      return 0;
    }

    private static String text(Taken taken) {
      return "%s: gid %d, %s%s"
          .formatted(
              taken.volume(),
              taken.gid(),
              Quantity.time(taken.time()),
              taken.label().map(label -> ", " + label).orElse(""));
    }
  }
}
