package io.backstay.cli;

import io.backstay.device.FileDirectory;
import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.OperatorFiles;
import io.backstay.group.Survey;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.net.Credentials;
import io.backstay.net.NettyNetwork;
import io.backstay.seam.Time;
import io.backstay.server.GroupDialer;
import io.backstay.server.HelloHandshake;
import io.backstay.server.RemoteServers;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import io.backstay.worker.Runs;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;

/** The group as one command reaches it: servers and runs, each connected when first needed. */
final class GroupConnection implements Closeable {
  private static final int LISTENER_MILLIS_MAX = 3_000;

  private final Layout layout;
  private final Time time;
  private Optional<NettyNetwork> network = Optional.empty();
  private Optional<RemoteServers> servers = Optional.empty();
  private Optional<Runs> runs = Optional.empty();

  GroupConnection(Layout layout, Time time) {
    this.layout = layout;
    this.time = time;
  }

  /** The group's servers, asked as the operator. */
  synchronized Servers servers(GroupFile group) throws IOException {
    if (servers.isEmpty()) {
      OperatorFiles files = operator();
      network =
          Optional.of(
              new NettyNetwork(
                  new Credentials(group.group(), files.certificate(), files.key(), files.ca()),
                  time));
      HelloHandshake hello =
          new HelloHandshake(group.group(), OperatorFiles.NAME, Backstay.software(), time);
      servers =
          Optional.of(
              new RemoteServers(
                  group.group(),
                  group.catalog().address(),
                  new GroupDialer(network.get(), hello),
                  GroupConnection::read,
                  FileDirectory.at(layout.operator()),
                  time));
    }
    return servers.get();
  }

  /** The same, connected by the first question: whoever only waits for a run may have none. */
  Servers serversWhenNeeded(GroupFile group) {
    return new Servers() {
      @Override
      public Reply call(String server, Command command) throws IOException, InterruptedException {
        return servers(group).call(server, command);
      }

      @Override
      public CatalogView catalog() throws IOException, InterruptedException {
        return servers(group).catalog();
      }
    };
  }

  /**
   * Reads a record and does not check its signature, which would take a third of the time of a
   * short command: it came from the catalog itself by TLS, or from the copy in the operator's own
   * directory, and it is only shown and looked names up in.
   */
  private static ProtectionRecord read(Signed record) throws RefusedException {
    try {
      return Cbor.read(record.content().toArray(), ProtectionRecord.class);
    } catch (MalformedFrameException e) {
      throw new RefusedException(RefusalCode.CORRUPT, "a record cannot be read: " + e.getMessage());
    }
  }

  /**
   * @throws UnreachableException at once when nobody listens where Temporal should be; the SDK
   *     would try for many seconds
   */
  Runs runs(GroupFile group) throws UnreachableException {
    if (runs.isEmpty()) {
      GroupFile.TemporalPlace place = group.temporal();
      requireListener(place.address());
      runs = Optional.of(Runs.connect(place.address(), place.namespace(), time));
    }
    return runs.get();
  }

  /** A list of one run proves that it serves the namespace. */
  Survey.TemporalProbe temporal(GroupFile group) {
    return () -> runs(group).list(Optional.empty(), Runs.Which.OPEN, 1);
  }

  private static void requireListener(String address) throws UnreachableException {
    int colon = address.lastIndexOf(':');
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
          LISTENER_MILLIS_MAX);
    } catch (IOException e) {
      throw new UnreachableException("Temporal at " + address + ": " + e.getMessage(), e);
    }
  }

  OperatorFiles operator() {
    return OperatorFiles.of(layout);
  }

  /** The reply, or its refusal as an exception. */
  static Reply accepted(Reply reply) throws RefusedException {
    if (reply instanceof Reply.Refused refused) throw new RefusedException(refused.refusal());
    return reply;
  }

  @Override
  public synchronized void close() {
    runs.ifPresent(Runs::close);
    servers.ifPresent(RemoteServers::close);
    network.ifPresent(NettyNetwork::close);
  }
}
