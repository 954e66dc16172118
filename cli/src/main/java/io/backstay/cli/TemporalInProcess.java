package io.backstay.cli;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.temporal.internal.testservice.GRPCServerHelper;
import io.temporal.internal.testservice.TestServicesStarter;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The test server of Temporal's Java SDK in this process, for a demo where no Temporal server can
 * be had. It keeps nothing, has no web UI and knows little of what Temporal's own command line
 * asks, so a group that is to stay never uses it. Only this machine reaches it.
 */
final class TemporalInProcess implements Closeable {
  /** Time goes as everywhere; the SDK's tests would let it leap. */
  private static final boolean REAL_TIME = true;

  private final TestServicesStarter services;
  private final Server server;

  private TemporalInProcess(TestServicesStarter services, Server server) {
    this.services = services;
    this.server = server;
  }

  /** Serves at a port that is free. */
  static TemporalInProcess start() throws IOException {
    TestServicesStarter services = new TestServicesStarter(REAL_TIME, 0);
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    GRPCServerHelper.registerServicesAndHealthChecks(services.getServices(), builder);
    return new TemporalInProcess(services, builder.build().start());
  }

  /** host:port. */
  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
    services.close();
  }
}
