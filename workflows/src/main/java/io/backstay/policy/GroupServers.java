package io.backstay.policy;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.wire.CatalogView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Finds servers and nodes of a group by name, or the only ones there are (rules K1, K6). */
final class GroupServers {
  private final CatalogView view;

  GroupServers(CatalogView view) {
    this.view = view;
  }

  /** The server of that name and role. */
  ServerRecord named(String name, Role role) throws RefusedException {
    Optional<ServerRecord> server =
        view.servers(role).stream().filter(found -> found.name().equals(name)).findFirst();
    if (server.isPresent()) return server.get();
    throw new RefusedException(
        Refusal.of(
                RefusalCode.UNKNOWN_SERVER,
                "there is no %s server '%s'".formatted(role.word(), name))
            .found(names(view.servers(role)))
            .next("backstay status shows the servers of the group"));
  }

  /** The servers of those names and that role, in that order. */
  List<ServerRecord> allNamed(List<String> names, Role role) throws RefusedException {
    List<ServerRecord> servers = new ArrayList<>();
    for (String name : names) servers.add(named(name, role));
    return List.copyOf(servers);
  }

  /** All servers of the role, in order of name. */
  List<ServerRecord> all(Role role) {
    return view.servers(role).stream().sorted(Comparator.comparing(ServerRecord::name)).toList();
  }

  /** The server of that name, or the only one of the role that fits. */
  ServerRecord chosen(Optional<String> name, Role role, Predicate<ServerRecord> fits, String where)
      throws RefusedException {
    if (name.isPresent()) return named(name.get(), role);
    List<ServerRecord> fitting = view.servers(role).stream().filter(fits).toList();
    if (fitting.size() == 1) return fitting.getFirst();
    throw new RefusedException(
        fitting.isEmpty()
            ? Refusal.of(
                    RefusalCode.UNKNOWN_SERVER,
                    "there is no %s server%s".formatted(role.word(), where))
                .found(names(view.servers(role)))
            : Refusal.of(
                    RefusalCode.BAD_INPUT,
                    "there are several %s servers%s: name one".formatted(role.word(), where))
                .found(names(fitting)));
  }

  /** The node of that name, or the only one with a storage or an archive. */
  String node(Optional<String> name) throws RefusedException {
    TreeSet<String> nodes =
        view.servers().stream()
            .filter(server -> server.role() == Role.STORAGE || server.role() == Role.ARCHIVE)
            .map(ServerRecord::node)
            .collect(Collectors.toCollection(TreeSet::new));
    if (name.isEmpty() && nodes.size() == 1) return nodes.first();
    if (name.isPresent() && nodes.contains(name.get())) return name.get();
    throw new RefusedException(
        Refusal.of(
                name.isPresent() ? RefusalCode.UNKNOWN_SERVER : RefusalCode.BAD_INPUT,
                name.map("there is no node '%s'"::formatted)
                    .orElse("there are several nodes: write NODE:/absolute/path"))
            .found(nodes.isEmpty() ? "no nodes" : "nodes " + String.join(", ", nodes)));
  }

  private static String names(List<ServerRecord> servers) {
    return servers.isEmpty()
        ? "none"
        : servers.stream().map(ServerRecord::name).sorted().collect(Collectors.joining(", "));
  }
}
