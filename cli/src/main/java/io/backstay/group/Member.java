package io.backstay.group;

import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One process of the group on this machine.
 *
 * @param name server name, or {@link #TEMPORAL}
 * @param command how it is started
 */
record Member(String name, List<String> command) {
  static final String TEMPORAL = "temporal";
  static final String SUPERVISOR = "supervisor";

  /** What is stopped first needs what is stopped later: the log's way, from its source on. */
  private static final List<Role> STOPPED =
      List.of(Role.WORKER, Role.STORAGE, Role.PROXY, Role.ARCHIVE, Role.CATALOG);

  Member {
    command = List.copyOf(command);
  }

  /** All processes that the supervisor keeps alive, in the order in which they are started. */
  static List<Member> all(Layout layout, GroupFile group, Launch launch, Optional<String> binary) {
    List<Member> members = new ArrayList<>();
    binary.ifPresent(path -> members.add(TemporalServer.member(layout, group, path)));
    for (ServerRecord server : group.servers()) {
      members.add(server(layout, launch, server.name()));
    }
    return List.copyOf(members);
  }

  private static Member server(Layout layout, Launch launch, String name) {
    List<String> command = new ArrayList<>(launch.command());
    command.addAll(mark(layout, name));
    command.addAll(List.of("--log-file", layout.log(name).toString()));
    return new Member(name, command);
  }

  /**
   * @param onlyWhile a process at whose end it stops the group
   */
  static Member supervisor(Layout layout, Launch launch, Optional<Long> onlyWhile) {
    List<String> command = new ArrayList<>(launch.command());
    command.addAll(mark(layout, SUPERVISOR));
    onlyWhile.ifPresent(pid -> command.addAll(List.of("--while", Long.toString(pid))));
    return new Member(SUPERVISOR, command);
  }

  /** Names of all processes of the group in the order in which they are stopped. */
  static List<String> stopOrder(GroupFile group) {
    List<String> names = new ArrayList<>();
    for (Role role : STOPPED) {
      group.servers(role).forEach(server -> names.add(server.name()));
    }
    if (group.temporal().embedded()) names.add(TEMPORAL);
    return List.copyOf(names);
  }

  /**
   * Arguments by which the process is known whoever started it: they name a file of this group's
   * directory.
   */
  static List<String> mark(Layout layout, String name) {
    return switch (name) {
      case SUPERVISOR -> List.of("server", "supervise", "--dir", layout.directory().toString());
      case TEMPORAL ->
          List.of("server", "start-dev", "--db-filename", layout.temporalState().toString());
      default -> List.of("server", "run", "--config", layout.config(name).toString());
    };
  }
}
