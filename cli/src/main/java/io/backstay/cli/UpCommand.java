package io.backstay.cli;

import io.backstay.group.Group;
import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.StatusReport;
import io.backstay.group.Survey;
import io.backstay.group.Wish;
import io.backstay.model.Role;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts the group on this machine and leaves a supervisor behind (rule K8). */
@Command(
    name = "up",
    description = {
      "Start the group on this machine: Temporal, catalog, storages, proxies, archives, worker.",
      "Makes what is missing and returns when everything serves; given again it changes nothing.",
      "A larger number of servers than the group has adds some; it never takes any away.",
      "A supervisor stays in the background and restarts what dies."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay up --dir /srv/backstay",
      "  backstay up --storages 2 --proxies 2 --archives 2"
    })
final class UpCommand implements Callable<Integer> {
  private final Shell shell;

  @Option(
      names = "--temporal",
      paramLabel = "HOST:PORT",
      description = "Use this Temporal server instead of one that the group runs itself.")
  private String temporal;

  @Option(
      names = "--namespace",
      paramLabel = "NS",
      description = "Temporal namespace of the group (default: backstay).")
  private String namespace;

  @Option(
      names = "--storages",
      paramLabel = "N",
      description = "How many storages: s0, s1 and so on (default: one, or those there are).")
  private Integer storages;

  @Option(
      names = "--proxies",
      paramLabel = "N",
      description = "How many proxies: p0, p1 and so on (default: one, or those there are).")
  private Integer proxies;

  @Option(
      names = "--archives",
      paramLabel = "N",
      description = "How many archives: a0, a1 and so on (default: one, or those there are).")
  private Integer archives;

  @Option(
      names = "--while",
      hidden = true,
      paramLabel = "PID",
      description = "Stop the group when this process ends.")
  private Long onlyWhile;

  UpCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    Layout layout = shell.layout();
    Output output = shell.output();
    long begun = shell.time().nanos();
    Group group = new Group(layout, shell.launch(), shell.time());
    Wish wish =
        new Wish(
            Optional.ofNullable(temporal),
            Optional.ofNullable(namespace),
            Optional.ofNullable(onlyWhile),
            servers());
    try (GroupConnection connection = new GroupConnection(layout, shell.time())) {
      GroupFile file =
          group.up(wish, connection::servers, message -> output.say("backstay: " + message));
      StatusReport report =
          new Survey(
                  layout, file, connection.servers(file), connection.temporal(file), shell.time())
              .take();
      double seconds = (shell.time().nanos() - begun) / 1e9;
      output.object(
          report,
          () ->
              "up in %.1f s: group %s in %s%nTemporal web UI: %s (namespace %s)"
                  .formatted(
                      seconds,
                      file.group(),
                      layout.directory(),
                      file.temporal().uiUrl(),
                      file.temporal().namespace()));
    }
    return 0;
  }

  private Map<Role, Integer> servers() {
    Map<Role, Integer> servers = new EnumMap<>(Role.class);
    if (storages != null) servers.put(Role.STORAGE, storages);
    if (proxies != null) servers.put(Role.PROXY, proxies);
    if (archives != null) servers.put(Role.ARCHIVE, archives);
    return servers;
  }
}
