package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.VolumeKind;
import io.backstay.wire.Command.AcceptLoss;
import io.backstay.wire.Command.ForLoggedVolume;
import io.backstay.wire.Command.ListVolumes;
import io.backstay.wire.Command.ResetVolume;
import io.backstay.wire.Command.StartVolume;
import io.backstay.wire.Command.StopVolume;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code volume stop | start | reset | accept-loss}: how a logged volume is served. */
abstract sealed class ServingCommands implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  private ServingCommands(Shell shell) {
    this.shell = shell;
  }

  static void addTo(CommandLine line, Shell shell) {
    for (ServingCommands command :
        List.of(new Stop(shell), new Start(shell), new Reset(shell), new Accept(shell)))
      line.addSubcommand(command);
  }

  /** How the volume is afterwards. */
  record Served(
      String volume,
      String state,
      Optional<String> nbdUri,
      Optional<Integer> session,
      Optional<String> trouble) {
    static Served of(Reply.VolumeFacts facts) {
      return new Served(
          facts.volume(),
          facts.state(),
          facts.log().map(Reply.LogFacts::nbdUri),
          facts.log().map(Reply.LogFacts::session),
          facts.trouble());
    }
  }

  /** What the storage is asked for, where the volume is like this now. */
  abstract ForLoggedVolume command(String name, Reply.VolumeFacts before);

  /** What is given up by it and whether nobody asks; empty where nothing is. */
  Optional<Lost> lost(String name) {
    return Optional.empty();
  }

  /**
   * @param agreed {@code --yes}
   */
  record Lost(String what, boolean agreed) {}

  @Override
  public Integer call() throws Exception {
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Servers servers = connection.servers(group);
      ProtectionRecord record = VolumeCommands.record(servers, volume);
      if (record.kind() == VolumeKind.PLAIN)
        throw new RefusedException(
            Refusal.of(RefusalCode.NEEDS_LOG, "a plain volume is not served by Backstay")
                .attempted("change how %s is served".formatted(volume)));
      Reply.VolumeFacts before = facts(servers, record.storage(), new ListVolumes());
      Optional<Lost> lost = lost(volume);
      if (lost.isPresent() && !lost.get().agreed())
        new Consent(shell, group, connection.operator()).ask(volume, lost.get().what());
      Served served = Served.of(facts(servers, record.storage(), command(volume, before)));
      shell.output().object(served, () -> text(served));
      return served.trouble().isPresent() ? 1 : 0;
    }
  }

  private Reply.VolumeFacts facts(Servers servers, String storage, io.backstay.wire.Command command)
      throws RefusedException, IOException, InterruptedException {
    Reply reply = GroupConnection.accepted(servers.call(storage, command));
    if (!(reply instanceof Reply.Volumes(List<Reply.VolumeFacts> all)))
      throw new IOException("%s answered %s".formatted(storage, reply));
    return all.stream()
        .filter(one -> one.volume().equals(volume))
        .findFirst()
        .orElseThrow(() -> VolumeCommands.unknown(volume));
  }

  private static String text(Served served) {
    return "%s: %s, %s%s"
        .formatted(
            served.volume(),
            served.state(),
            served.nbdUri().map(uri -> "served at " + uri).orElse("not served"),
            served.trouble().map(trouble -> ", trouble: " + trouble).orElse(""));
  }

  @Command(
      name = "stop",
      description =
          "Let the clients of a logged volume go and serve it no more, until it is started.",
      footerHeading = "%nExample:%n",
      footer = "  backstay volume stop vol0")
  static final class Stop extends ServingCommands {
    Stop(Shell shell) {
      super(shell);
    }

    @Override
    ForLoggedVolume command(String name, Reply.VolumeFacts before) {
      return new StopVolume(name);
    }
  }

  @Command(
      name = "start",
      description = "Serve a logged volume again that was stopped.",
      footerHeading = "%nExample:%n",
      footer = "  backstay volume start vol0")
  static final class Start extends ServingCommands {
    Start(Shell shell) {
      super(shell);
    }

    @Override
    ForLoggedVolume command(String name, Reply.VolumeFacts before) {
      return new StartVolume(name);
    }
  }

  @Command(
      name = "reset",
      description = {
        "Begin the log of a volume anew: what no archive has of it is given up.",
        "The volume itself is not touched. Asks for the volume's name."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay volume reset vol0")
  static final class Reset extends ServingCommands {
    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    Reset(Shell shell) {
      super(shell);
    }

    @Override
    Optional<Lost> lost(String name) {
      return Optional.of(new Lost("the log of %s that no archive has yet".formatted(name), yes));
    }

    @Override
    ForLoggedVolume command(String name, Reply.VolumeFacts before) {
      return new ResetVolume(name, before.log().map(Reply.LogFacts::session).orElse(0));
    }
  }

  @Command(
      name = "accept-loss",
      description = {
        "Serve a logged volume although its newest writes are lost, as its log has it.",
        "Only where 'backstay status' says that they are. Asks for the volume's name."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay volume accept-loss vol0")
  static final class Accept extends ServingCommands {
    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    Accept(Shell shell) {
      super(shell);
    }

    @Override
    Optional<Lost> lost(String name) {
      return Optional.of(
          new Lost(
              "the newest writes to %s, if they can still be brought back".formatted(name), yes));
    }

    @Override
    ForLoggedVolume command(String name, Reply.VolumeFacts before) {
      return new AcceptLoss(name);
    }
  }
}
