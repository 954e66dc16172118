package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.policy.ArchiveChoice;
import io.backstay.policy.ChosenPoint;
import io.backstay.policy.PointChoice;
import io.backstay.wire.Servers;
import io.backstay.workflow.Apply;
import io.backstay.workflow.WhichPoint;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a point the oldest. */
@Command(
    name = "apply",
    description = {
      "Fold the diffs up to a point into the base image of a logged volume: the point becomes the",
      "oldest one, and those before it are destroyed. Asks for the volume's name."
    },
    footerHeading = "%nExamples:%n",
    footer = {"  backstay apply vol0 --gid 7", "  backstay apply vol0 --at '2026-11-21 08:00'"})
final class ApplyCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  @Mixin private PointOptions point;

  @Option(
      names = "--archive",
      paramLabel = "SERVER",
      description = "Another archive of the volume than its primary one.")
  private String archive;

  @Option(names = "--yes", description = "Do not ask.")
  private boolean yes;

  @Option(names = "--detach", description = "Start the run and do not wait for it.")
  private boolean detach;

  ApplyCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    WhichPoint which = point.which(shell);
    which.requireNamed();
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Consent consent = new Consent(shell, group, connection.operator());
      long gid = agreed(connection.servers(group), which, consent);
      // By gid, so that what is done is what somebody agreed to.
      String grant = consent.sign(input(gid, null), "apply", Long.toString(gid));
      return new RunDesk(shell, connection, group)
          .run(
              input(gid, grant),
              detach ? RunDesk.Stay.DETACH : RunDesk.Stay.FOLLOW,
              ApplyCommand::text);
    }
  }

  private long agreed(Servers servers, WhichPoint which, Consent consent)
      throws RefusedException, IOException, InterruptedException {
    ProtectionRecord record = VolumeCommands.record(servers, volume);
    ArchiveChoice.requireLog(record, "apply diffs of");
    ArchivePoints points = ArchivePoints.of(servers, record, archive);
    List<Point> all = points.all();
    ChosenPoint chosen = PointChoice.choose(volume, all, which.wanted(record));
    long gid = chosen.point().gid();
    long older = all.stream().filter(one -> one.gid() < gid).count();
    shell.output().say("backstay: up to " + chosen.words());
    if (!yes)
      consent.ask(
          volume,
          "%d points of %s at %s, all before gid %d"
              .formatted(older, volume, points.archive(), gid));
    return gid;
  }

  private Apply.Input input(long gid, String grant) {
    return new Apply.Input(volume, gid, null, null, null, archive, grant);
  }

  static String text(ObjectNode result) {
    return String.format(
        Locale.ROOT,
        "%s: gid %d is the oldest point at %s; %d diffs applied, %d points destroyed, %s freed, %.1f s",
        result.path("volume").asText(),
        result.path("gid").asLong(),
        result.path("archive").asText(),
        result.path("diffs").asInt(),
        result.path("pointsDestroyed").asLong(),
        Quantity.bytes(result.path("bytesFreed").asLong()),
        result.path("seconds").asDouble());
  }
}
