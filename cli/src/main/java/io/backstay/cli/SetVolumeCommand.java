package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.Compression;
import io.backstay.model.OnLogFull;
import io.backstay.model.ReleaseOn;
import io.backstay.workflow.SetVolume;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code volume set}. */
@Command(
    name = "set",
    description = {
      "Change how the log of a volume is kept and sent, while it is used; what is not named stays.",
      "Its storage goes by it at once, proxies and archives as soon as they hear of the storage."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay volume set vol1 --compression zstd:3",
      "  backstay volume set vol1 --proxy p1,p0 --release-on archive",
      "  backstay volume set vol1 --log-rate-limit none --cut-interval 30s"
    })
final class SetVolumeCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  @Option(
      names = "--proxy",
      split = ",",
      paramLabel = "SERVER",
      description = {
        "Proxies by way of which the log goes, as in p0,p1, in the order in which the storage",
        "tries them. One that is left out still brings what it has to the archives."
      })
  private List<String> proxies;

  @Option(
      names = "--release-on",
      paramLabel = "WHO",
      description = "Who has the log when the storage lets go of it: proxy, or archive.")
  private ReleaseOn releaseOn;

  @Option(
      names = "--compression",
      paramLabel = "HOW",
      description = "Of the diffs that are made from now on: snappy, zstd:3, none ...")
  private String compression;

  @Option(
      names = "--log-rate-limit",
      paramLabel = "RATE",
      description = "How fast the storage sends the log at most, such as 100MiB/s, or none.")
  private String rateLimit;

  @Option(
      names = "--diff-rate-limit",
      paramLabel = "RATE",
      description = "How fast a proxy sends the diffs to an archive at most, or none.")
  private String diffRateLimit;

  @Option(
      names = "--cut-interval",
      paramLabel = "D",
      description = "How often the log is cut while there are writes, such as 1m.")
  private String cutInterval;

  @Option(
      names = "--on-log-full",
      paramLabel = "WHAT",
      description = {
        "overflow: when no archive follows, the oldest log is given up.",
        "block: clients wait."
      })
  private OnLogFull onLogFull;

  SetVolumeCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    SetVolume.Input input =
        new SetVolume.Input(
            volume,
            proxies,
            releaseOn,
            compression == null ? null : Compression.parse(compression),
            rateLimit,
            diffRateLimit,
            cutInterval,
            onLogFull);
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      return new RunDesk(shell, connection, group)
          .run(input, RunDesk.Stay.FOLLOW, SetVolumeCommand::text);
    }
  }

  static String text(ObjectNode result) {
    String name = result.path("volume").asText();
    if (result.path("changes").isEmpty()) return name + ": all of that was so already";
    return StreamSupport.stream(result.path("changes").spliterator(), false)
        .map(change ->
            "%s: %s %s, was %s"
                .formatted(
                    name,
                    change.path("setting").asText(),
                    change.path("to").asText(),
                    change.path("from").asText()))
        .collect(Collectors.joining("\n"));
  }
}
