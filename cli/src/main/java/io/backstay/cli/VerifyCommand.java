package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.workflow.VerifyRestore;
import io.backstay.workflow.WhichPoint;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads an image as a restore would, and compares. */
@Command(
    name = "verify",
    description = {
      "Read the image of a point as a restore would, and compare it with the checksums at rest and",
      "the hashes taken at the source. What differs is named, and the exit code is 9.",
      "Without --gid, --at or --label: the newest point."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay verify vol0 --gid 7",
      "  backstay verify vol0 --label before-upgrade",
      "  backstay verify vol0 --at '2026-11-21 08:00'"
    })
final class VerifyCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  @Mixin private PointOptions point;

  @Option(
      names = "--archive",
      paramLabel = "SERVER",
      description = "Another archive of the volume than its primary one.")
  private String archive;

  @Option(names = "--detach", description = "Start the run and do not wait for it.")
  private boolean detach;

  VerifyCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    WhichPoint which = point.which(shell);
    VerifyRestore.Input input =
        new VerifyRestore.Input(
            volume, which.gid(), which.at(), which.label(), which.maxGap(), archive);
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      return new RunDesk(shell, connection, group)
          .run(input, detach ? RunDesk.Stay.DETACH : RunDesk.Stay.FOLLOW, VerifyCommand::text);
    }
  }

  private static String text(ObjectNode result) {
    return String.format(
        Locale.ROOT,
        "%s: gid %d (%s%s) is right, %s compared, %.1f s",
        result.path("volume").asText(),
        result.path("gid").asLong(),
        result.path("time").asText(),
        RestoreCommand.gap(result),
        Quantity.bytes(result.path("bytesCompared").asLong()),
        result.path("seconds").asDouble());
  }
}
