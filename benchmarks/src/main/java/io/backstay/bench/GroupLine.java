package io.backstay.bench;

import io.backstay.authority.Authority;
import io.backstay.authority.Signer;
import io.backstay.device.FileDirectory;
import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.OperatorFiles;
import io.backstay.model.Grant;
import io.backstay.model.OperationReport;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.model.Work;
import io.backstay.net.Credentials;
import io.backstay.net.NettyNetwork;
import io.backstay.seam.Time;
import io.backstay.server.GroupAuthority;
import io.backstay.server.GroupDialer;
import io.backstay.server.HelloHandshake;
import io.backstay.server.RemoteServers;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The servers of a group with no command line between: asked by its operator many times in a
 * second, and talked to by its storage.
 */
final class GroupLine implements AutoCloseable {
  private static final String SOFTWARE = "backstay bench";
  private static final Duration GRANT_VALID = Duration.ofMinutes(5);
  private static final Duration LOOK = Duration.ofMillis(20);
  private static final int LOOKS_MAX = 3_000;

  private final Layout layout;
  private final GroupFile group;
  private final Time time;
  private final NettyNetwork asOperator;
  private final NettyNetwork asStorage;
  private final RemoteServers servers;

  /**
   * @param copies where the copy of the catalog is kept
   */
  GroupLine(Layout layout, Path copies, Time time) throws IOException {
    this.layout = layout;
    this.time = time;
    this.group = GroupFile.read(layout);
    OperatorFiles operator = OperatorFiles.of(layout);
    this.asOperator =
        new NettyNetwork(
            new Credentials(group.group(), operator.certificate(), operator.key(), operator.ca()),
            time);
    this.asStorage =
        new NettyNetwork(
            new Credentials(
                group.group(),
                layout.certificates().resolve(storage() + ".crt"),
                layout.certificates().resolve(storage() + ".key"),
                operator.ca()),
            time);
    this.servers =
        new RemoteServers(
            group.group(),
            group.catalog().address(),
            new GroupDialer(asOperator, hello(OperatorFiles.NAME)),
            new GroupAuthority(Authority.load(group.group(), operator.ca()), time),
            FileDirectory.at(copies),
            time);
  }

  private HelloHandshake hello(String name) {
    return new HelloHandshake(group.group(), name, SOFTWARE, time);
  }

  /** The first one. */
  String storage() {
    return first(Role.STORAGE).name();
  }

  List<String> storages() {
    return group.servers(Role.STORAGE).stream().map(ServerRecord::name).toList();
  }

  String proxy() {
    return first(Role.PROXY).name();
  }

  String archive() {
    return first(Role.ARCHIVE).name();
  }

  private ServerRecord first(Role role) {
    return group.servers(role).getFirst();
  }

  /** What that server says of the volume now. */
  Reply.VolumeFacts facts(String server, String volume)
      throws BenchException, IOException, InterruptedException {
    Reply reply = servers.call(server, new Command.ListVolumes());
    if (!(reply instanceof Reply.Volumes volumes))
      throw new BenchException("%s was asked for its volumes and said %s".formatted(server, reply));
    return volumes.volumes().stream()
        .filter(facts -> facts.volume().equals(volume))
        .findFirst()
        .orElseThrow(() -> new BenchException("%s knows no volume %s".formatted(server, volume)));
  }

  /** A conversation with the proxy, as the storage has it. */
  Channel dialProxy() throws IOException, InterruptedException {
    ServerRecord proxy = first(Role.PROXY);
    return new GroupDialer(asStorage, hello(storage())).dial(proxy.name(), proxy.address());
  }

  /** As the catalog would sign it, with the catalog's key. */
  Signed sign(ProtectionRecord record) throws IOException {
    Path certificates = layout.certificates();
    String pair = group.catalog().name() + "-signing";
    return Signer.load(certificates.resolve(pair + ".key"), certificates.resolve(pair + ".crt"))
        .sign(record);
  }

  /** Makes the proxy forget a volume and delete the diffs that it has of it. */
  void clearAtProxy(String volume) throws BenchException, IOException, InterruptedException {
    String operation = "bench-%d/clear".formatted(time.nanos());
    Grant grant =
        new Grant(
            group.group(),
            "clear-volume",
            volume,
            "",
            operation,
            time.now().plus(GRANT_VALID),
            operation);
    Signed signed = OperatorFiles.of(layout).signing().load().sign(grant);
    Work clear = new Work.ClearVolume(operation, Optional.of(signed));
    OperationReport report = report(new Command.Start(operation, volume, 0, clear));
    for (int i = 0; report.running() && i < LOOKS_MAX; i++) {
      time.sleep(LOOK);
      report = report(new Command.Watch(operation, volume));
    }
    if (report.state() != OperationReport.State.DONE)
      throw new BenchException("clearing %s at the proxy: %s".formatted(volume, report));
  }

  private OperationReport report(Command command)
      throws BenchException, IOException, InterruptedException {
    Reply reply = servers.call(proxy(), command);
    if (reply instanceof Reply.Operation(OperationReport report)) return report;
    throw new BenchException("%s said to %s: %s".formatted(proxy(), command, reply));
  }

  @Override
  public void close() {
    servers.close();
    asStorage.close();
    asOperator.close();
  }
}
