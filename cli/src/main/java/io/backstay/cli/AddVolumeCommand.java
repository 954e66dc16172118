package io.backstay.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.model.Compression;
import io.backstay.model.OnLogFull;
import io.backstay.model.ReleaseOn;
import io.backstay.model.VolumeKind;
import io.backstay.workflow.AddVolume;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code volume add}. */
@Command(
    name = "add",
    description = "Put a volume under protection. Nothing is read yet: that does a backup.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay volume add vol0 --kind plain --device /srv/disk.img",
      "  backstay volume add vol1 --kind logged --size 10G",
      "  backstay volume add vol2 --kind logged --size 10G --archive a0,a1 --release-on archive"
    })
final class AddVolumeCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name that the volume gets.")
  private String volume;

  @Option(
      names = "--kind",
      required = true,
      paramLabel = "KIND",
      description = {
        "plain: a file or block device that others write.",
        "logged: a block device that Backstay serves over NBD, with a write log."
      })
  private VolumeKind kind;

  @Option(
      names = {"--device", "--data"},
      paramLabel = "[NODE:]PATH",
      description =
          "Absolute path of the file or block device on its node; of a logged volume its data device, as large as the volume.")
  private String device;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      converter = Sizes.class,
      description = "Of a logged volume whose data device the storage makes, such as 10G.")
  private Long sizeBytes;

  @Option(
      names = "--log",
      paramLabel = "PATH",
      description = "Log device of a logged volume; without it the storage makes one.")
  private String log;

  @Option(
      names = "--log-size",
      paramLabel = "SIZE",
      converter = Sizes.class,
      description = "Of a log that is made; without it an eighth of the volume, 512M to 8G.")
  private Long logBytes;

  @Option(
      names = "--tail-size",
      paramLabel = "SIZE",
      converter = Sizes.class,
      description = "Memory for the newest writes of a logged volume; without it 64M.")
  private Long tailBytes;

  @Option(
      names = "--on-log-full",
      paramLabel = "WHAT",
      description = {
        "overflow (the usual): when no archive follows, the oldest log is given up.",
        "block: clients wait."
      })
  private OnLogFull onLogFull;

  @Option(
      names = "--on",
      paramLabel = "SERVER",
      description = "Storage that reads it; needed only if its node has several.")
  private String storage;

  @Option(
      names = "--archive",
      split = ",",
      paramLabel = "SERVER",
      description = {
        "Archives that keep it, as in a0,a1; the first is the primary.",
        "Needed only if the group has several."
      })
  private List<String> archives;

  @Option(
      names = "--proxy",
      split = ",",
      paramLabel = "SERVER",
      description = {
        "Proxies by way of which the log of a logged volume goes, as in p0,p1, in the order",
        "in which the storage tries them; without it all of the group."
      })
  private List<String> proxies;

  @Option(
      names = "--release-on",
      paramLabel = "WHO",
      description = {
        "Who has the log when the storage lets go of it: proxy (the usual), or archive,",
        "so that the loss of a proxy's disk costs nothing."
      })
  private ReleaseOn releaseOn;

  @Option(
      names = "--compression",
      paramLabel = "HOW",
      description = "Of the diffs of a logged volume: snappy (the usual), zstd:3, none ...")
  private String compression;

  @Option(
      names = "--log-rate-limit",
      paramLabel = "RATE",
      description = "How fast the storage sends the log at most, such as 100MiB/s.")
  private String rateLimit;

  @Option(
      names = "--diff-rate-limit",
      paramLabel = "RATE",
      description = "How fast a proxy sends the diffs to an archive at most.")
  private String diffRateLimit;

  @Option(
      names = "--cut-interval",
      paramLabel = "D",
      description = {
        "How often the log of a logged volume is cut while there are writes, such as 1m;",
        "without it 5s. So old is what an archive has, at most, beside the time of the transfer."
      })
  private String cutInterval;

  AddVolumeCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    AddVolume.Input input =
        new AddVolume.Input(
            volume,
            kind,
            device,
            storage,
            null,
            sizeBytes,
            log,
            logBytes,
            tailBytes,
            onLogFull,
            archives,
            proxies,
            releaseOn,
            compression == null ? null : Compression.parse(compression),
            rateLimit,
            diffRateLimit,
            cutInterval);
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      return new RunDesk(shell, connection, group)
          .run(input, RunDesk.Stay.FOLLOW, AddVolumeCommand::text);
    }
  }

  private static String text(ObjectNode result) {
    String proxies = names(result.path("proxies"));
    return "%s: %s, %s, %s at %s, kept by %s%s"
        .formatted(
            result.path("volume").asText(),
            result.path("kind").asText(),
            Quantity.bytes(result.path("sizeBytes").asLong()),
            result.path("device").asText(),
            result.path("storage").asText(),
            names(result.path("archives")),
            proxies.isEmpty() ? "" : ", its log by way of " + proxies);
  }

  private static String names(JsonNode servers) {
    return StreamSupport.stream(servers.spliterator(), false)
        .map(JsonNode::asText)
        .collect(Collectors.joining(", "));
  }
}
