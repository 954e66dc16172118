package io.backstay.group;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.pki.CertificateAuthority;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Cbor;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Makes what a group consists of before any process runs: its file, authority, certificates and
 * configurations. What is there already stays as it is, so that it can be interrupted anywhere and
 * run again; a group that is to have more servers gets them.
 */
public final class Setup implements Closeable {
  private static final String LOOPBACK = "127.0.0.1:";
  private static final String NODE = "n0";
  private static final String NAMESPACE = "backstay";

  /** Ports of a group: Temporal's three, then address and metrics of each server. */
  private static final int TEMPORAL_PORTS = 3;

  private final Layout layout;
  private final Time time;
  private final IntPredicate free;
  private final List<Ports> claimed = new ArrayList<>();

  public Setup(Layout layout, Time time) {
    this(layout, time, Ports::free);
  }

  Setup(Layout layout, Time time, IntPredicate free) {
    this.layout = layout;
    this.time = time;
    this.free = free;
  }

  public GroupFile make(Wish wish) throws IOException, RefusedException {
    layout.make();
    GroupFile group = layout.exists() ? existing(wish) : choose(wish);
    Path caFile = certificates(group);
    for (ServerRecord server : group.servers()) configuration(group, server, caFile);
    return group;
  }

  /** Whether {@link #make} would add servers to a group that is there. */
  boolean wouldAdd(Wish wish) throws IOException, RefusedException {
    return layout.exists() && !lacking(GroupFile.read(layout), wish).isEmpty();
  }

  private static List<Roster.Seat> lacking(GroupFile group, Wish wish) throws RefusedException {
    return new Roster(group.servers()).lacking(wish.servers());
  }

  /**
   * Missing certificates are made, old ones renewed at half of their life (rule K5): who uses them
   * reads the new ones by itself.
   *
   * @return certificate of the group's authority
   */
  Path certificates(GroupFile group) throws IOException {
    CertificateAuthority authority =
        CertificateAuthority.openOrCreate(layout.authority(), group.group(), time);
    for (ServerRecord server : group.servers()) {
      certificates(
          authority, server.name(), server.role(), layout.certificates(), hosts(server.name()));
    }
    certificates(authority, OperatorFiles.NAME, Role.OPERATOR, layout.operator());
    return authority.certificateFile();
  }

  /** Beside loopback: where NBD clients reach a storage. */
  private String[] hosts(String server) throws IOException {
    return NbdAddress.of(layout, server).map(NbdAddress::host).stream().toArray(String[]::new);
  }

  private GroupFile existing(Wish wish) throws IOException, RefusedException {
    GroupFile group = GroupFile.read(layout);
    GroupFile.TemporalPlace place = group.temporal();
    boolean sameServer = wish.temporal().isEmpty() || wish.temporal().get().equals(place.address());
    boolean sameSpace =
        wish.namespace().isEmpty() || wish.namespace().get().equals(place.namespace());
    if (sameServer && sameSpace) return grown(group, wish);
    throw new RefusedException(
        Refusal.of(
                RefusalCode.WRONG_STATE, "the group's Temporal server was chosen when it was made")
            .attempted("use another Temporal server for the group in " + layout.directory())
            .found(
                "the group uses %s, namespace %s"
                    .formatted(
                        place.embedded() ? "its own at " + place.address() : place.address(),
                        place.namespace()))
            .next("make another group: up --dir with a new directory"));
  }

  private GroupFile choose(Wish wish) throws IOException, RefusedException {
    Roster nobody = new Roster(List.of());
    List<Roster.Seat> seats = nobody.lacking(wish.servers());
    List<Integer> ports = claim(TEMPORAL_PORTS + 2 * seats.size(), free);
    GroupFile group =
        new GroupFile(
            GroupFile.FORMAT,
            "g%08x".formatted(time.random().nextInt()),
            NODE,
            time.now(),
            temporal(wish, ports),
            nobody.with(seated(seats, NODE, ports.subList(TEMPORAL_PORTS, ports.size()))));
    group.write(layout);
    return group;
  }

  /** A group that was made smaller, or by a release that had no proxies. */
  private GroupFile grown(GroupFile group, Wish wish) throws IOException, RefusedException {
    List<Roster.Seat> seats = lacking(group, wish);
    if (seats.isEmpty()) return group;
    Set<Integer> own = group.ports(); // free as long as nothing runs, and not to be given again
    List<Integer> ports = claim(2 * seats.size(), port -> !own.contains(port) && free.test(port));
    GroupFile grown =
        group.with(new Roster(group.servers()).with(seated(seats, group.node(), ports)));
    grown.write(layout);
    return grown;
  }

  private List<Integer> claim(int count, IntPredicate usable) throws IOException {
    List<Integer> ports = new ArrayList<>();
    while (ports.size() < count) {
      int some = Math.min(count - ports.size(), Ports.BLOCK - 1);
      claimed.add(Ports.choose(some, time.random(), usable));
      ports.addAll(claimed.getLast().list());
    }
    return ports;
  }

  /** Each with two of the ports, for its address and its metrics. */
  private static List<ServerRecord> seated(
      List<Roster.Seat> seats, String node, List<Integer> ports) {
    List<ServerRecord> servers = new ArrayList<>();
    for (int i = 0; i < seats.size(); i++) {
      String address = LOOPBACK + ports.get(2 * i);
      String metrics = LOOPBACK + ports.get(2 * i + 1);
      Roster.Seat seat = seats.get(i);
      servers.add(new ServerRecord(seat.name(), seat.role(), node, address, metrics));
    }
    return servers;
  }

  /** The group's servers listen by now, or nobody wants them to. */
  @Override
  public void close() throws IOException {
    for (Ports ports : claimed) ports.close();
  }

  private static GroupFile.TemporalPlace temporal(Wish wish, List<Integer> ports) {
    String namespace = wish.namespace().orElse(NAMESPACE);
    if (wish.temporal().isPresent()) {
      return new GroupFile.TemporalPlace(
          wish.temporal().get(), Optional.empty(), "", namespace, false);
    }
    return new GroupFile.TemporalPlace(
        LOOPBACK + ports.get(0),
        Optional.of(LOOPBACK + ports.get(2)),
        "http://" + LOOPBACK + ports.get(1),
        namespace,
        true);
  }

  private static void certificates(
      CertificateAuthority authority, String name, Role role, Path directory, String... hosts)
      throws IOException {
    Path tls = directory.resolve(name + ".crt");
    if (Files.exists(tls)) authority.renewIfHalfOver(tls, hosts);
    else authority.issue(name, role, directory, hosts);
    if (role != Role.CATALOG && role != Role.OPERATOR) return;
    Path signing = directory.resolve(name + "-signing.crt");
    if (Files.exists(signing)) authority.renewIfHalfOver(signing);
    else authority.issueSigning(name, role, directory);
  }

  private void configuration(GroupFile group, ServerRecord server, Path caFile) throws IOException {
    Path file = layout.config(server.name());
    if (Files.exists(file)) return;
    GroupFile.TemporalPlace place = group.temporal();
    ServerConfig config =
        new ServerConfig(
            group.group(),
            server.name(),
            server.role(),
            server.node(),
            server.address(),
            Optional.of(server.metricsAddress()),
            group.catalog().address(),
            layout.serverDirectory(server.name()).toString(),
            layout.certificates().resolve(server.name() + ".crt").toString(),
            layout.certificates().resolve(server.name() + ".key").toString(),
            caFile.toString(),
            List.of(layout.restores().toString()),
            server.role() == Role.WORKER
                ? Optional.of(
                    new ServerConfig.Temporal(place.address(), place.namespace(), place.uiUrl()))
                : Optional.empty(),
            null,
            Optional.empty());
    SmallFile.replace(file, Cbor.json().writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
  }
}
