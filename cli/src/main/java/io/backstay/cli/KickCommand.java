package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.policy.ArchiveChoice;
import io.backstay.wire.Command.Kick;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lets storage and proxies of a volume try at once what they would try later. */
@Command(
    name = "kick",
    description = {
      "Let the storage and the proxies of a volume send now what waits to be sent, whatever failed",
      "before. They try again by themselves, too, some time later."
    },
    footerHeading = "%nExample:%n",
    footer = "  backstay kick vol0")
final class KickCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(paramLabel = "NAME", description = "Name of the volume.")
  private String volume;

  KickCommand(Shell shell) {
    this.shell = shell;
  }

  /** Who was told. */
  record Kicked(String volume, List<String> servers, List<Round.NotDone> notDone) {}

  @Override
  public Integer call() throws Exception {
    GroupFile group = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Servers servers = connection.servers(group);
      ProtectionRecord record = VolumeCommands.record(servers, volume);
      String attempted = "kick the servers of";
      ArchiveChoice.requireLog(record, attempted);
      attempted += " " + volume;
      Round<Reply.Done> round = kick(servers, record).orRefused(attempted);
      Kicked kicked = new Kicked(volume, round.done(), round.notDone());
      shell
          .output()
          .object(kicked, () -> "%s: kicked %s".formatted(volume, String.join(", ", round.done())));
      return round.end(shell.output(), attempted);
    }
  }

  /**
   * A proxy that was never sent the log of the volume does not know it, and has nothing to send.
   */
  static Round<Reply.Done> kick(Servers servers, ProtectionRecord record)
      throws IOException, InterruptedException {
    List<String> whom = new ArrayList<>(List.of(record.storage()));
    record.shipping().ifPresent(shipping -> whom.addAll(shipping.allProxies()));
    return Round.ask(servers, whom, new Kick(record.volume()), Reply.Done.class)
        .excusing(one ->
            one.code() == RefusalCode.UNKNOWN_VOLUME && !one.server().equals(record.storage()));
  }
}
