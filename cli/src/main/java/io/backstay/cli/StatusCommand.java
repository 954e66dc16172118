package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.group.Lapse;
import io.backstay.group.StatusReport;
import io.backstay.group.Survey;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Asks everybody how they are. */
@Command(
    name = "status",
    description = {
      "Ask every server of the group on this machine how it is.",
      "UP means that it answered just now; what did not answer is UNKNOWN since it last did.",
      "The age of a volume is that of what its primary archive could restore now."
    },
    footerHeading = "%nExample:%n",
    footer = "  backstay status -o json")
final class StatusCommand implements Callable<Integer> {
  private final Shell shell;

  StatusCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    GroupFile file = shell.group();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      StatusReport report =
          new Survey(
                  shell.layout(),
                  file,
                  connection.servers(file),
                  connection.temporal(file),
                  shell.time())
              .take();
      shell.output().object(report, () -> text(report));
    }
    return 0;
  }

  private static String text(StatusReport report) {
    Table servers = new Table("server", "role", "pid", "address", "state", "certificate");
    for (StatusReport.Server server : report.servers()) {
      servers.row(
          server.name(),
          server.role().word(),
          server.pid().orElse(null),
          server.address(),
          state(server.state(), server.since()),
          server.certificateDaysLeft().map(days -> days + " days").orElse(null));
    }
    StatusReport.Temporal temporal = report.temporal();
    servers.row(
        "temporal",
        temporal.embedded() ? "embedded" : "external",
        temporal.pid().orElse(null),
        temporal.address(),
        state(temporal.state(), temporal.since()),
        null);
    StringBuilder text = new StringBuilder();
    text.append("group ").append(report.group()).append(" in ").append(report.directory());
    if (report.supervisor().state() != StatusReport.State.UP) {
      text.append("; no supervisor: nothing that dies is restarted (backstay up starts one)");
    }
    text.append("\n\n").append(servers);
    if (!temporal.uiUrl().isEmpty()) text.append("\n\nweb UI: ").append(temporal.uiUrl());
    text.append("\n\n").append(volumes(report));
    return text.toString();
  }

  private static String state(StatusReport.State state, Optional<Instant> since) {
    return state + since.map(moment -> " since " + Quantity.time(moment)).orElse("");
  }

  /** One line for each volume, and below them one for each thing that somebody has to look at. */
  static String volumes(StatusReport report) {
    if (report.volumes().isEmpty()) return "no volumes known";
    Table table = new Table("volume", "kind", "size", "state", "newest restorable", "age");
    StringBuilder troubles = new StringBuilder();
    for (StatusReport.Volume volume : report.volumes()) {
      table.row(
          volume.name(),
          volume.kind().word(),
          Quantity.bytes(volume.sizeBytes()),
          volume.state(),
          volume
              .newestRestorable()
              .map(point -> "gid %d, %s".formatted(point.gid(), Quantity.time(point.time())))
              .orElse(null),
          age(volume));
      for (String trouble : volume.trouble())
        troubles.append("\n! ").append(volume.name()).append(": ").append(trouble);
    }
    return troubles.isEmpty() ? table.toString() : table + "\n" + troubles;
  }

  /** Of what is restorable, or why nobody knows. */
  static String age(StatusReport.Volume volume) {
    if (volume.hops().archive(volume.primary()).state() != StatusReport.State.UP)
      return "unknown"
          + volume.unknownSince().map(since -> " since " + Quantity.time(since)).orElse("");
    return volume.ageSeconds().map(seconds -> Lapse.text(seconds)).orElse("nothing restorable");
  }
}
