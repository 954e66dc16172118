package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.ProtectionRecord;
import io.backstay.policy.ArchiveChoice;
import io.backstay.seam.Time;
import io.backstay.wire.Command.KeepSnapshot;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.workflow.Snapshot;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code snapshot take | enable | disable}. */
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
    return new CommandLine(new SnapshotCommands(shell))
        .addSubcommand(new Take(shell))
        .addSubcommand(new Enable(shell))
        .addSubcommand(new Disable(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "snapshot");
  }

  @Command(
      name = "take",
      description = {
        "Keep the volume as it is now: everything that was written and answered before.",
        "The command ends when an archive can restore it. No merge takes it away."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay snapshot take vol0 --label before-upgrade")
  static final class Take implements Callable<Integer> {
    private static final DateTimeFormatter MOMENT =
        DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(names = "--label", paramLabel = "L", description = "A word for it; not unique.")
    private String label;

    @Option(
        names = "--no-wait",
        description = "End when it is taken, although no archive may have it yet.")
    private boolean noWait;

    Take(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      Snapshot.Input input = new Snapshot.Input(volume, label, !noWait, request(shell.time()));
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        return new RunDesk(shell, connection, group).run(input, RunDesk.Stay.FOLLOW, Take::text);
      }
    }

    /** To attach to an earlier one would give the volume as it was earlier. */
    private static String request(Time time) {
      return "%s-%08x".formatted(MOMENT.format(time.now()), time.random().nextInt());
    }

    static String text(ObjectNode taken) {
      return "%s: gid %d, %s%s, %s"
          .formatted(
              taken.path("volume").asText(),
              taken.path("gid").asLong(),
              taken.path("time").asText(),
              taken.hasNonNull("label") ? ", " + taken.path("label").asText() : "",
              taken.path("restorable").asBoolean()
                  ? "restorable at " + taken.path("archive").asText()
                  : "on its way to the archive");
    }
  }

  /** Whether merges leave a point. */
  private abstract static sealed class Keep implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(names = "--gid", required = true, paramLabel = "G", description = "The point.")
    private long gid;

    @Option(
        names = "--archive",
        paramLabel = "SERVER",
        description = "At this archive alone; default: at all archives of the volume.")
    private String archive;

    private Keep(Shell shell) {
      this.shell = shell;
    }

    /** How it is afterwards. */
    record Kept(
        String volume,
        long gid,
        boolean kept,
        List<String> archives,
        List<Round.NotDone> notDone) {}

    abstract boolean kept();

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        Servers servers = connection.servers(group);
        ProtectionRecord record = VolumeCommands.record(servers, volume);
        String attempted = "%s snapshot %d of %s".formatted(word(), gid, volume);
        ArchiveChoice.requireLog(record, "%s a snapshot of".formatted(word()));
        List<String> whom = archive == null ? record.archives() : List.of(archive);
        Round<Reply.Done> round =
            Round.ask(servers, whom, new KeepSnapshot(volume, gid, kept()), Reply.Done.class)
                .orRefused(attempted);
        Kept kept = new Kept(volume, gid, kept(), round.done(), round.notDone());
        shell.output().object(kept, () -> text(kept));
        return round.end(shell.output(), attempted);
      }
    }

    private String word() {
      return kept() ? "enable" : "disable";
    }

    private static String text(Kept kept) {
      return "%s: point %d at %s is %s by merges"
          .formatted(
              kept.volume(),
              kept.gid(),
              String.join(", ", kept.archives()),
              kept.kept() ? "kept" : "not kept");
    }
  }

  @Command(
      name = "enable",
      description = "Let merges keep a point, as if it had been taken as a snapshot.",
      footerHeading = "%nExample:%n",
      footer = "  backstay snapshot enable vol0 --gid 7")
  static final class Enable extends Keep {
    Enable(Shell shell) {
      super(shell);
    }

    @Override
    boolean kept() {
      return true;
    }
  }

  @Command(
      name = "disable",
      description = {
        "Let the next merge take a snapshot away that nobody needs any more. Until then it is there",
        "as before."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay snapshot disable vol0 --gid 7")
  static final class Disable extends Keep {
    Disable(Shell shell) {
      super(shell);
    }

    @Override
    boolean kept() {
      return false;
    }
  }
}
