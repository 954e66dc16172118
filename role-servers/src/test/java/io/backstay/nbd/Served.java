package io.backstay.nbd;

import io.backstay.seam.Time;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/** A server with one export, {@code vol0}, on a Unix socket and on loopback. */
final class Served implements AutoCloseable {
  static final String NAME = "vol0";
  static final int SIZE_BYTES = 4 << 20;

  final MeterRegistry meters = new SimpleMeterRegistry();
  final NbdServer server;
  final NbdListener unix;
  final NbdListener tcp;

  Served(Path directory, Export export) throws IOException {
    this(directory, export, NbdLimits.DEFAULT);
  }

  Served(Path directory, Export export, NbdLimits limits) throws IOException {
    server = new NbdServer(Time.system(), limits, meters);
    server.add(export, WriteCache.DURABLE);
    unix = server.listenUnix(directory.resolve("vol0.sock"), export.name());
    tcp = server.listenTcp("127.0.0.1:0", any -> true);
  }

  SocketAddress unixAddress() {
    return UnixDomainSocketAddress.of(unix.address());
  }

  SocketAddress tcpAddress() {
    String address = tcp.address();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  @Override
  public void close() {
    server.close();
  }
}
