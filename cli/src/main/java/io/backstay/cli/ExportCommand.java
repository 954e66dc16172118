package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.policy.ChosenPoint;
import io.backstay.policy.PointChoice;
import io.backstay.wire.Command.OpenExport;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.workflow.WhichPoint;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Serves points over NBD, without copying anything. */
@Command(
    name = "export",
    description = {
      "Serve a volume as it was at a point over NBD, at once and from the archive, until the export",
      "is closed. Without --gid, --at or --label: the newest point. The same command again answers",
      "with the export that is open. A point that is exported is neither deleted nor merged away."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay export vol0 --gid 7",
      "  backstay export vol0 --label before-upgrade",
      "  backstay export vol0 --at '2026-11-21 08:00' --writable --name rehearsal",
      "  backstay export --list",
      "  backstay export vol0 --close rehearsal"
    })
final class ExportCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "Name of the volume; with --list it may be left out.")
  private String volume;

  @Mixin private PointOptions point;

  @Option(
      names = "--writable",
      description = "Clients may write: to a file beside the point, which goes with the export.")
  private boolean writable;

  @Option(
      names = "--name",
      paramLabel = "EXPORT",
      description =
          "What the export is called; default: NAME-GID, or NAME-GID-rw if it is writable.")
  private String name;

  @Option(
      names = "--archive",
      paramLabel = "SERVER",
      description = "Another archive of the volume than its primary one.")
  private String archive;

  @ArgGroup private Instead instead = new Instead();

  /** Instead of opening one. */
  static final class Instead {
    @Option(names = "--list", description = "Show the exports that are open.")
    private boolean list;

    @Option(
        names = "--close",
        paramLabel = "EXPORT",
        description = "Close this export; what was written to it is gone. Then it asks first.")
    private String close;
  }

  @Option(names = "--yes", description = "With --close: do not ask.")
  private boolean yes;

  ExportCommand(Shell shell) {
    this.shell = shell;
  }

  /** What was closed. */
  record Closed(String volume, String name, String archive) {}

  @Override
  public Integer call() throws Exception {
    WhichPoint which = point.which(shell);
    boolean opens = !instead.list && instead.close == null;
    if (!opens && (point.isGiven() || writable || name != null))
      throw new IllegalArgumentException(
          "--gid, --at, --label, --max-gap, --writable and --name are for an export that is opened");
    if (volume == null && !instead.list)
      throw new IllegalArgumentException("no volume was given: backstay export NAME");
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Servers servers = connection.servers(group);
      if (instead.list) return list(servers);
      ProtectionRecord record = VolumeCommands.record(servers, volume);
      if (opens) return open(servers, record, which);
      return close(servers, record, new Consent(shell, group, connection.operator()));
    }
  }

  private int open(Servers servers, ProtectionRecord record, WhichPoint which)
      throws RefusedException, IOException, InterruptedException {
    ArchivePoints points = ArchivePoints.of(servers, record, archive);
    ChosenPoint chosen = PointChoice.choose(volume, points.all(), which.wanted(record));
    long gid = chosen.point().gid();
    String called = name == null ? Exports.nameOf(volume, gid, writable) : name;
    Exports.Opened opened =
        new Exports(servers)
            .open(points.archive(), chosen, new OpenExport(volume, gid, called, writable));
    shell.output().object(opened, () -> text(opened, chosen));
    return opened.trouble().isPresent() ? Failure.EXIT_FAILED : 0;
  }

  private static String text(Exports.Opened opened, ChosenPoint chosen) {
    return "%s: %s%n%s"
        .formatted(
            opened.name(),
            chosen.words(),
            opened
                .nbdUri()
                .orElse("not served: " + opened.trouble().orElse("its archive does not say why")));
  }

  private int list(Servers servers) throws RefusedException, IOException, InterruptedException {
    String attempted = "list the exports of " + (volume == null ? "the group" : volume);
    Round<Reply.Exports> round =
        new Exports(servers)
            .ask(archives(servers), Optional.ofNullable(volume))
            .orRefused(attempted);
    List<Exports.Open> open = Exports.all(round);
    shell.output().list(open, () -> table(open));
    return round.end(shell.output(), attempted);
  }

  private List<String> archives(Servers servers)
      throws RefusedException, IOException, InterruptedException {
    if (archive != null) return List.of(archive);
    return volume == null
        ? servers.catalog().servers(Role.ARCHIVE).stream().map(ServerRecord::name).toList()
        : VolumeCommands.record(servers, volume).archives();
  }

  private static String table(List<Exports.Open> open) {
    if (open.isEmpty()) return "no exports";
    Table table = new Table("export", "volume", "gid", "writable", "archive", "since", "nbd");
    for (Exports.Open one : open) {
      table.row(
          one.name(),
          one.volume(),
          one.gid(),
          one.writable() ? "yes" : "no",
          one.archive(),
          Quantity.time(one.since()),
          one.nbdUri().or(one::trouble).orElse(null));
    }
    return table.toString();
  }

  private int close(Servers servers, ProtectionRecord record, Consent consent)
      throws RefusedException, IOException, InterruptedException {
    Exports exports = new Exports(servers);
    List<String> where = archive == null ? record.archives() : List.of(archive);
    Exports.Open open = exports.find(where, volume, instead.close);
    if (open.writable() && !yes)
      consent.ask(volume, "what was written to the export %s of %s".formatted(open.name(), volume));
    exports.close(open);
    Closed closed = new Closed(volume, open.name(), open.archive());
    shell.output().object(closed, () -> "%s: export %s is closed".formatted(volume, open.name()));
    return 0;
  }
}
