package io.backstay.cli;

import static io.backstay.policy.ChosenPoint.Evidence.NOTHING_WRITTEN;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.workflow.Place;
import io.backstay.workflow.Restore;
import io.backstay.workflow.WhichPoint;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the image of a point to a file or device. */
@Command(
    name = "restore",
    description = {
      "Write a volume as it was at a point to a file or block device.",
      "Without --gid, --at or --label: the newest point. The server of the node writes, and only to"
          + " what is empty unless --overwrite is given."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay restore vol0 --to /srv/restored.img",
      "  backstay restore vol0 --gid 7 --to /srv/restored.img",
      "  backstay restore vol0 --label before-upgrade --to /srv/restored.img",
      "  backstay restore vol0 --at '2026-11-21 08:00' --max-gap 1h --to n0:/dev/vg/lv0 --overwrite"
    })
final class RestoreCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  @Mixin private PointOptions point;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "[NODE:]PATH",
      description = "Absolute path of the target on its node.")
  private String to;

  @Option(
      names = "--archive",
      paramLabel = "SERVER",
      description = "Another archive of the volume than its primary one.")
  private String archive;

  @Option(names = "--overwrite", description = "The target may hold something. Asks first.")
  private boolean overwrite;

  @Option(names = "--yes", description = "Do not ask.")
  private boolean yes;

  @Option(names = "--detach", description = "Start the run and do not wait for it.")
  private boolean detach;

  @Option(names = "--rate-limit", paramLabel = "RATE", description = "Write at most so much.")
  private String rateLimit;

  RestoreCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    WhichPoint which = point.which(shell); // once, so that "now" is one moment
    Restore.Input plain = input(which, null);
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Consent consent = new Consent(shell, group, connection.operator());
      if (overwrite && !yes) consent.ask(volume, "what " + to + " holds");
      // Also without --overwrite: outside of the node's restore roots a new file needs it too.
      String grant = consent.sign(plain, "restore", Place.parse("target", to).path());
      return new RunDesk(shell, connection, group)
          .run(
              input(which, grant),
              detach ? RunDesk.Stay.DETACH : RunDesk.Stay.FOLLOW,
              RestoreCommand::text);
    }
  }

  private Restore.Input input(WhichPoint which, String grant) {
    return new Restore.Input(
        volume,
        which.gid(),
        which.at(),
        which.label(),
        which.maxGap(),
        to,
        overwrite,
        rateLimit,
        archive,
        grant);
  }

  static String text(ObjectNode result) {
    return String.format(
        Locale.ROOT,
        "%s at gid %d (%s%s) is in %s: %s, of which %s were written, %.1f s",
        result.path("volume").asText(),
        result.path("gid").asLong(),
        result.path("time").asText(),
        gap(result),
        result.path("path").asText(),
        Quantity.bytes(result.path("sizeBytes").asLong()),
        Quantity.bytes(result.path("bytesWritten").asLong()),
        result.path("seconds").asDouble());
  }

  /** Rule M4: a point that stands for a later time says so. */
  static String gap(ObjectNode result) {
    double seconds = result.path("gapSeconds").asDouble(0);
    if (seconds == 0) return "";
    boolean quiet = result.path("gapEvidence").asText().equals(NOTHING_WRITTEN.word());
    return String.format(
        Locale.ROOT,
        ", %.3f s before the time that was asked for%s",
        seconds,
        quiet ? ", nothing was written between" : "");
  }
}
