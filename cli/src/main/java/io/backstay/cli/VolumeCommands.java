package io.backstay.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.GroupFile;
import io.backstay.group.StatusReport;
import io.backstay.group.Survey;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.VolumeKind;
import io.backstay.policy.VolumeSettings;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import io.backstay.workflow.ClearVolume;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code volume list | show | resize | clear}; {@link AddVolumeCommand}, {@link SetVolumeCommand},
 * {@link ServingCommands} and {@link ClientCommand} have the others.
 */
@Command(
    name = "volume",
    description = "Put volumes under protection, see them, end their protection.",
    footerHeading = "%nExample:%n",
    footer = "  backstay volume add vol0 --kind plain --device /srv/disk.img")
final class VolumeCommands implements Callable<Integer> {
  private final Shell shell;

  private VolumeCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    CommandLine line =
        new CommandLine(new VolumeCommands(shell))
            .addSubcommand(new AddVolumeCommand(shell))
            .addSubcommand(new ListAll(shell))
            .addSubcommand(new Show(shell))
            .addSubcommand(new SetVolumeCommand(shell))
            .addSubcommand(new Resize(shell))
            .addSubcommand(new Clear(shell))
            .addSubcommand(new ClientCommand(shell));
    ServingCommands.addTo(line, shell);
    return line;
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "volume");
  }

  private static StatusReport survey(Shell shell, GroupConnection connection, GroupFile group)
      throws IOException, InterruptedException {
    return new Survey(
            shell.layout(),
            group,
            connection.servers(group),
            connection.temporal(group),
            shell.time())
        .take();
  }

  /**
   * What a volume is, and its newest points.
   *
   * @param settings of a logged volume, as the catalog has them
   * @param points at most {@link Show#POINTS_MAX}, oldest first; empty where its primary archive
   *     cannot be reached
   * @param pointCount of all points that it has
   */
  record Shown(
      StatusReport.Volume volume,
      Optional<VolumeSettings> settings,
      Optional<List<Point>> points,
      Optional<Integer> pointCount) {}

  @Command(
      name = "list",
      description = "All volumes of the group, with state and newest restorable point.",
      footerHeading = "%nExample:%n",
      footer = "  backstay volume list -o json")
  static final class ListAll implements Callable<Integer> {
    private final Shell shell;

    ListAll(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        StatusReport report = survey(shell, connection, group);
        shell.output().list(report.volumes(), () -> StatusCommand.volumes(report));
      }
      return 0;
    }
  }

  @Command(
      name = "show",
      description = {
        "One volume: how old what is restorable is, how far its bytes are on each hop, and its",
        "newest restorable points. 'point list' has all of them."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay volume show vol0")
  static final class Show implements Callable<Integer> {
    static final int POINTS_MAX = 10;

    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    Show(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        StatusReport.Volume found =
            survey(shell, connection, group).volumes().stream()
                .filter(one -> one.name().equals(volume))
                .findFirst()
                .orElseThrow(() -> unknown(volume));
        Servers servers = connection.servers(group);
        Shown shown = shown(found, settings(servers), newest(servers, found));
        shell.output().object(shown, () -> text(shown));
      }
      return 0;
    }

    private Optional<VolumeSettings> settings(Servers servers)
        throws IOException, InterruptedException {
      return Optional.ofNullable(servers.catalog().volumes().get(volume))
          .filter(record -> record.kind() == VolumeKind.LOGGED)
          .map(VolumeSettings::of);
    }

    /** Empty where its primary archive did not answer just now: it would not now, either. */
    private static Optional<ArchivePoints.Newest> newest(
        Servers servers, StatusReport.Volume volume)
        throws IOException, InterruptedException, RefusedException {
      if (volume.hops().archive(volume.primary()).state() != StatusReport.State.UP)
        return Optional.empty();
      try {
        ProtectionRecord record = record(servers, volume.name());
        return Optional.of(ArchivePoints.of(servers, record, null).glance(POINTS_MAX));
      } catch (UnreachableException e) {
        return Optional.empty();
      }
    }

    private static Shown shown(
        StatusReport.Volume volume,
        Optional<VolumeSettings> settings,
        Optional<ArchivePoints.Newest> newest) {
      return new Shown(
          volume,
          settings,
          newest.map(ArchivePoints.Newest::points),
          newest.flatMap(ArchivePoints.Newest::count));
    }

    static String text(Shown shown) {
      StatusReport.Volume volume = shown.volume;
      List<String> lines = new ArrayList<>();
      lines.add(
          "%s: %s, %s, state %s"
              .formatted(
                  volume.name(),
                  volume.kind().word(),
                  Quantity.bytes(volume.sizeBytes()),
                  volume.state()));
      lines.add("  age:      " + StatusCommand.age(volume));
      lines.add("  device:   %s, read by %s".formatted(volume.device(), volume.storage()));
      lines.add("  nbd:      " + volume.nbdUri().orElse("not served"));
      lines.add("  log:      " + volume.log().map(LogShown::text).orElse("none"));
      shown.settings.ifPresent(its -> lines.add("  settings: " + text(its)));
      HopsShown.lines(volume.hops()).forEach(line -> lines.add("  " + line));
      for (String trouble : volume.trouble()) lines.add("  trouble:  " + trouble);
      return String.join("\n", lines)
          + "\n\n"
          + shown
              .points
              .map(points -> PointCommands.table(points) + others(shown, points.size()))
              .orElse("no points: " + volume.primary() + " cannot be reached");
    }

    private static String text(VolumeSettings settings) {
      return settings.words().entrySet().stream()
          .map(one -> one.getKey() + " " + one.getValue())
          .collect(Collectors.joining("; "));
    }

    private static String others(Shown shown, int told) {
      return shown
          .pointCount
          .filter(count -> count > told)
          .map(count ->
              "%nthe newest %d of %d points: backstay point list %s"
                  .formatted(told, count, shown.volume.name()))
          .orElse("");
    }
  }

  /**
   * @throws RefusedException {@code unknown-volume}
   */
  static ProtectionRecord record(Servers servers, String volume)
      throws RefusedException, IOException, InterruptedException {
    ProtectionRecord record = servers.catalog().volumes().get(volume);
    if (record == null) throw unknown(volume);
    return record;
  }

  static RefusedException unknown(String volume) {
    return new RefusedException(
        Refusal.of(RefusalCode.UNKNOWN_VOLUME, "there is no volume '%s'".formatted(volume))
            .next("backstay volume list shows those there are"));
  }

  @Command(
      name = "resize",
      description = {
        "Make a volume larger, while it is used. It never gets smaller.",
        "A device that is not Backstay's own is made larger first, by whoever has it.",
        "Points keep the size that the volume had."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay volume resize vol0 --size 20G")
  static final class Resize implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(
        names = "--size",
        required = true,
        paramLabel = "SIZE",
        converter = Sizes.class,
        description = "What the volume is to have, such as 20G: a multiple of 4096 bytes.")
    private Long sizeBytes;

    Resize(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      var input = new io.backstay.workflow.Resize.Input(volume, sizeBytes);
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        return new RunDesk(shell, connection, group).run(input, RunDesk.Stay.FOLLOW, Resize::text);
      }
    }

    private static String text(ObjectNode result) {
      long size = result.path("sizeBytes").asLong();
      long former = result.path("formerBytes").asLong();
      return "%s: %s, %s"
          .formatted(
              result.path("volume").asText(),
              Quantity.bytes(size),
              size == former ? "as before" : "was " + Quantity.bytes(former));
    }
  }

  @Command(
      name = "clear",
      description = {
        "End the protection of a volume and destroy all its restorable points.",
        "The volume itself is not touched. Asks for the volume's name."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay volume clear vol0")
  static final class Clear implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String volume;

    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    Clear(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      ClearVolume.Input plain = new ClearVolume.Input(volume, null);
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        Consent consent = new Consent(shell, group, connection.operator());
        if (!yes) consent.ask(volume, "all restorable points of " + volume);
        String grant = consent.sign(plain, "clear-volume", "");
        return new RunDesk(shell, connection, group)
            .run(new ClearVolume.Input(volume, grant), RunDesk.Stay.FOLLOW, Clear::text);
      }
    }

    private static String text(ObjectNode result) {
      return "%s: cleared, %d points destroyed, %s freed"
          .formatted(
              result.path("volume").asText(),
              result.path("pointsDestroyed").asLong(),
              Quantity.bytes(result.path("bytesFreed").asLong()));
    }
  }
}
