package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.policy.ArchiveChoice;
import io.backstay.wire.Servers;
import io.backstay.workflow.Merge;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes points out from between two. */
@Command(
    name = "merge",
    description = {
      "Fold the diffs of a logged volume between two points into as few as can be: both points, and",
      "snapshots and held points between them, stay; the others between them are destroyed. Asks for",
      "the volume's name."
    },
    footerHeading = "%nExample:%n",
    footer = "  backstay merge vol0 --from 7 --to 900")
final class MergeCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  @Option(names = "--from", required = true, paramLabel = "G", description = "The first point.")
  private long fromGid;

  @Option(names = "--to", required = true, paramLabel = "G", description = "The last point.")
  private long toGid;

  @Option(
      names = "--archive",
      paramLabel = "SERVER",
      description = "Another archive of the volume than its primary one.")
  private String archive;

  @Option(names = "--yes", description = "Do not ask.")
  private boolean yes;

  @Option(names = "--detach", description = "Start the run and do not wait for it.")
  private boolean detach;

  MergeCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    Merge.Input plain = input(null);
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Consent consent = new Consent(shell, group, connection.operator());
      agree(connection.servers(group), consent);
      String grant = consent.sign(plain, "merge", plain.target());
      return new RunDesk(shell, connection, group)
          .run(
              input(grant), detach ? RunDesk.Stay.DETACH : RunDesk.Stay.FOLLOW, MergeCommand::text);
    }
  }

  private void agree(Servers servers, Consent consent)
      throws RefusedException, IOException, InterruptedException {
    ProtectionRecord record = VolumeCommands.record(servers, volume);
    ArchiveChoice.requireLog(record, "merge diffs of");
    ArchivePoints points = ArchivePoints.of(servers, record, archive);
    if (yes) return;
    long between =
        points.all().stream()
            .filter(point -> point.gid() > fromGid && point.gid() < toGid && !point.explicit())
            .count();
    consent.ask(
        volume,
        "up to %d points of %s at %s, between gid %d and gid %d"
            .formatted(between, volume, points.archive(), fromGid, toGid));
  }

  private Merge.Input input(String grant) {
    return new Merge.Input(volume, fromGid, toGid, archive, grant);
  }

  static String text(ObjectNode result) {
    return String.format(
        Locale.ROOT,
        "%s: %d diffs from gid %d to gid %d at %s are %d now (%s, were %s); %d points destroyed, %.1f s",
        result.path("volume").asText(),
        result.path("diffsBefore").asInt(),
        result.path("fromGid").asLong(),
        result.path("toGid").asLong(),
        result.path("archive").asText(),
        result.path("diffsAfter").asInt(),
        Quantity.bytes(result.path("bytesAfter").asLong()),
        Quantity.bytes(result.path("bytesBefore").asLong()),
        result.path("pointsDestroyed").asLong(),
        result.path("seconds").asDouble());
  }
}
