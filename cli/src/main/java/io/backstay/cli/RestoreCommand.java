package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.workflow.Place;
import io.backstay.workflow.Restore;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
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
      "  backstay restore vol0 --at '2026-11-21 08:00' --max-gap 1h --to n0:/dev/vg/lv0 --overwrite"
    })
final class RestoreCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  @ArgGroup private Which which;

  /** At most one of these. */
  static final class Which {
    @Option(names = "--gid", paramLabel = "G", description = "The point with this generation id.")
    private Long gid;

    @Option(
        names = "--at",
        paramLabel = "TIME",
        description = "The newest point that is the volume at this moment: 2026-11-21T08:00:00Z.")
    private String at;

    @Option(names = "--label", paramLabel = "L", description = "The point with this label.")
    private String label;
  }

  @Option(
      names = "--max-gap",
      paramLabel = "D",
      description = "With --at: how much older the point may be: 90s, 15m, 2h, 1d.")
  private String maxGap;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "[NODE:]PATH",
      description = "Absolute path of the target on its node.")
  private String to;

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
    Restore.Input plain = input(null);
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Consent consent = new Consent(shell, group, connection.operator());
      if (overwrite && !yes) consent.ask(volume, "what " + to + " holds");
      // Also without --overwrite: outside of the node's restore roots a new file needs it too.
      String grant = consent.sign(plain, "restore", Place.parse("target", to).path());
      return new RunDesk(shell, connection, group)
          .run(
              input(grant),
              detach ? RunDesk.Stay.DETACH : RunDesk.Stay.FOLLOW,
              RestoreCommand::text);
    }
  }

  private Restore.Input input(String grant) {
    Which chosen = which == null ? new Which() : which;
    Instant moment =
        chosen.at == null
            ? null
            : Quantity.moment(chosen.at, ZoneId.systemDefault(), shell.time().now());
    return new Restore.Input(
        volume, chosen.gid, moment, chosen.label, maxGap, to, overwrite, rateLimit, grant);
  }

  private static String text(ObjectNode result) {
    return String.format(
        Locale.ROOT,
        "%s at gid %d is in %s: %s, of which %s were written, %.1f s",
        result.path("volume").asText(),
        result.path("gid").asLong(),
        result.path("path").asText(),
        Quantity.bytes(result.path("sizeBytes").asLong()),
        Quantity.bytes(result.path("bytesWritten").asLong()),
        result.path("seconds").asDouble());
  }
}
