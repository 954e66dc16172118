package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.wire.Servers;
import io.backstay.workflow.DeletePoint;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code point list | delete}. */
@Command(
    name = "point",
    description = "Restorable points of a volume.",
    footerHeading = "%nExample:%n",
    footer = "  backstay point list vol0")
final class PointCommands implements Callable<Integer> {
  private final Shell shell;

  private PointCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    return new CommandLine(new PointCommands(shell))
        .addSubcommand(new ListAll(shell))
        .addSubcommand(new Delete(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "point");
  }

  static String table(List<Point> points) {
    if (points.isEmpty()) return "no restorable points";
    Table table = new Table("gid", "time", "label", "explicit", "clean", "size", "stored", "proof");
    for (Point point : points) {
      table.row(
          point.gid(),
          Quantity.time(point.time()),
          point.label().orElse(null),
          point.explicit() ? "yes" : "no",
          point.clean() ? "yes" : "no",
          Quantity.bytes(point.sizeBytes()),
          Quantity.bytes(point.storedBytes()),
          point.proof().name().toLowerCase(Locale.ROOT));
    }
    return table.toString();
  }

  @Command(
      name = "list",
      description = {
        "The points that a restore can go back to, oldest first. An explicit one is there because",
        "somebody asked for it: no merge takes it away."
      },
      footerHeading = "%nExamples:%n",
      footer = {
        "  backstay point list vol0 --last 20",
        "  backstay point list vol0 --snapshots -o json"
      })
  static final class ListAll implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(names = "--snapshots", description = "Explicit ones only.")
    private boolean snapshots;

    @Option(names = "--last", paramLabel = "N", description = "The newest N of them only.")
    private Integer last;

    @Option(
        names = "--archive",
        paramLabel = "SERVER",
        description = "Another archive of the volume than its primary one.")
    private String archive;

    ListAll(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      if (last != null && last < 1)
        throw new IllegalArgumentException("--last %d: at least the newest one".formatted(last));
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        Servers servers = connection.servers(group);
        ProtectionRecord record = VolumeCommands.record(servers, volume);
        List<Point> points = wanted(ArchivePoints.of(servers, record, archive));
        shell.output().list(points, () -> table(points));
      }
      return 0;
    }

    private List<Point> wanted(ArchivePoints points)
        throws IOException, InterruptedException, RefusedException {
      if (!snapshots) return last == null ? points.all() : points.newest(last);
      List<Point> explicit = points.all().stream().filter(Point::explicit).toList();
      return last == null ? explicit : ArchivePoints.last(explicit, last);
    }
  }

  @Command(
      name = "delete",
      description = {
        "Destroy one point, never the newest nor one that is in use. Asks for the volume's name."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay point delete vol0 --gid 3")
  static final class Delete implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(names = "--gid", required = true, paramLabel = "G", description = "The point.")
    private long gid;

    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    Delete(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      DeletePoint.Input plain = new DeletePoint.Input(volume, gid, null);
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        Consent consent = new Consent(shell, group, connection.operator());
        if (!yes) consent.ask(volume, "the point with gid %d of %s".formatted(gid, volume));
        String grant = consent.sign(plain, "delete-point", Long.toString(gid));
        return new RunDesk(shell, connection, group)
            .run(new DeletePoint.Input(volume, gid, grant), RunDesk.Stay.FOLLOW, Delete::text);
      }
    }

    private static String text(ObjectNode result) {
      return "%s: point %d destroyed, %s freed"
          .formatted(
              result.path("volume").asText(),
              result.path("gid").asLong(),
              Quantity.bytes(result.path("bytesFreed").asLong()));
    }
  }
}
