package io.backstay.group;

import io.backstay.model.Names;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What {@code up} chose once for the group of a directory, and keeps (rule K8): the file
 * group.json.
 *
 * @param format of this file
 * @param group id of the group; part of every certificate
 * @param node name of this machine in the group
 * @param servers catalog, storages, proxies, archives, workers, in the order in which they are
 *     started
 */
public record GroupFile(
    int format,
    String group,
    String node,
    Instant made,
    TemporalPlace temporal,
    List<ServerRecord> servers) {
  public static final int FORMAT = 1;
  private static final Pattern PORT = Pattern.compile(":(\\d{1,5})$");

  /**
   * Where the workflows run.
   *
   * @param address host:port of the frontend (gRPC)
   * @param httpAddress host:port of the frontend's HTTP API; empty for a server of somebody else
   * @param uiUrl empty when it is not known
   * @param embedded whether the supervisor runs it
   */
  public record TemporalPlace(
      String address,
      Optional<String> httpAddress,
      String uiUrl,
      String namespace,
      boolean embedded) {
    public TemporalPlace {
      Objects.requireNonNull(address, "address");
      Objects.requireNonNull(uiUrl, "uiUrl");
      Objects.requireNonNull(namespace, "namespace");
    }
  }

  public GroupFile {
    Names.require("group", group);
    Names.require("node", node);
    Objects.requireNonNull(made, "made");
    Objects.requireNonNull(temporal, "temporal");
    servers = List.copyOf(servers);
    if (format != FORMAT) {
      throw new IllegalArgumentException(
          "group.json has format %d; this release reads %d".formatted(format, FORMAT));
    }
  }

  public List<ServerRecord> servers(Role role) {
    return servers.stream().filter(server -> server.role() == role).toList();
  }

  public ServerRecord catalog() {
    return servers(Role.CATALOG).getFirst();
  }

  /** The same group with these servers. */
  GroupFile with(List<ServerRecord> newServers) {
    return new GroupFile(format, group, node, made, temporal, newServers);
  }

  /** All ports of this machine that were chosen for it. */
  Set<Integer> ports() {
    Stream<String> addresses =
        servers.stream().flatMap(server -> Stream.of(server.address(), server.metricsAddress()));
    Stream<String> its =
        Stream.concat(
            Stream.of(temporal.address(), temporal.uiUrl()), temporal.httpAddress().stream());
    return Stream.concat(addresses, its)
        .map(PORT::matcher)
        .filter(Matcher::find)
        .map(port -> Integer.parseInt(port.group(1)))
        .collect(Collectors.toSet());
  }

  public static GroupFile read(Layout layout) throws IOException {
    return Cbor.json().readValue(Files.readAllBytes(layout.groupFile()), GroupFile.class);
  }

  void write(Layout layout) throws IOException {
    SmallFile.replace(
        layout.groupFile(), Cbor.json().writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
  }
}
