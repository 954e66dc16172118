package io.backstay.net;

import io.backstay.model.Role;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.CertificateFiles;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Network;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;

/** A group with a CA of its own, and its members' networks, closed together. */
public final class TestGroup implements AutoCloseable {
  public static final String ANY_PORT = "127.0.0.1:0";

  private final String name;
  private final Path directory;
  private final CertificateAuthority ca;
  private final ArrayDeque<NettyNetwork> networks = new ArrayDeque<>();

  public TestGroup(String name, Path directory) throws IOException {
    this(name, directory, Time.system());
  }

  /**
   * @param time of the CA: in the past, its certificates are over
   */
  public TestGroup(String name, Path directory, Time time) throws IOException {
    this.name = name;
    this.directory = directory;
    this.ca = CertificateAuthority.create(directory, name, time);
  }

  public CertificateAuthority ca() {
    return ca;
  }

  public Credentials credentials(String member, Role role) throws IOException {
    CertificateFiles files = ca.issue(member, role, directory);
    return new Credentials(name, files.certificate(), files.key(), ca.certificateFile());
  }

  public NettyNetwork network(String member, Role role) throws IOException {
    return network(credentials(member, role), Limits.DEFAULT);
  }

  NettyNetwork network(Credentials credentials, Limits limits) throws IOException {
    NettyNetwork network = new NettyNetwork(credentials, Time.system(), limits);
    networks.push(network);
    return network;
  }

  @Override
  public void close() {
    while (!networks.isEmpty()) networks.pop().close();
  }

  /** Both ends of one connection. */
  record Pair(Channel client, Channel server) {
    static Pair connect(Network from, Network.Listener to)
        throws IOException, InterruptedException {
      Channel client = from.connect(to.address());
      return new Pair(client, to.accept());
    }
  }
}
