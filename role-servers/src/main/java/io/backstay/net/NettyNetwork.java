package io.backstay.net;

import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Network;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;

/**
 * Connections by TCP and mutual TLS 1.3 between the processes of one group (rule K5). Whoever has
 * no certificate of the group's CA, or speaks something else, is closed with one line in the log.
 */
public final class NettyNetwork implements Network, AutoCloseable {
  private final String group;
  private final TlsContexts tls;
  private final Time time;
  private final Limits limits;
  private final PayloadMemory memory;
  private final Transport transport;
  private final ChannelGroup sockets;

  /**
   * @throws IOException that names the credentials file which is missing or wrong
   */
  public NettyNetwork(Credentials credentials, Time time) throws IOException {
    this(credentials, time, Limits.DEFAULT);
  }

  NettyNetwork(Credentials credentials, Time time, Limits limits) throws IOException {
    this.group = credentials.group();
    this.tls = new TlsContexts(credentials);
    this.time = time;
    this.limits = limits;
    this.memory = new PayloadMemory(limits.payloadBytes());
    this.transport = new Transport();
    this.sockets = new DefaultChannelGroup(transport.loops().next(), true);
  }

  /**
   * Loads what any network of this process will need. It takes a good part of a second, which a
   * short command spends better beside something else than before it.
   */
  public static void preload() {
    TlsContexts.preload();
    new Transport().close();
  }

  /** The certificate that new connections show; a renewed one is taken without a restart. */
  public X509Certificate certificate() {
    return tls.certificate();
  }

  /** Received payloads that are not closed yet. */
  public int payloadBuffersTaken() {
    return memory.buffersTaken();
  }

  /** Buffers of sockets and TLS; none are left once the network is closed. */
  long socketBuffersTaken() {
    return transport.buffersTaken();
  }

  @Override
  public Channel connect(String address) throws IOException {
    InetSocketAddress target = resolved(address);
    CompletableFuture<NettyChannel> opened = new CompletableFuture<>();
    Pipeline pipeline = new Pipeline(tls::forClient, socket -> Optional.of(new Connecting(opened)));
    ChannelFuture connecting =
        transport.client(limits.connect().toMillis()).handler(pipeline).connect(target);
    connecting.addListener(done -> {
      if (!done.isSuccess()) opened.completeExceptionally(done.cause());
    });
    try {
      return opened.get();
    } catch (ExecutionException e) {
      throw notConnected(address, e.getCause());
    } catch (InterruptedException e) {
      // Whatever comes of it is closed by Connecting, which finds the promise taken.
      opened.cancel(false);
      connecting.cancel(false);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while connecting to " + address);
    }
  }

  private static ConnectException notConnected(String address, Throwable cause) {
    ConnectException failure =
        new ConnectException("cannot connect to " + address + ": " + Reasons.of(cause));
    failure.initCause(cause);
    return failure;
  }

  @Override
  public Listener listen(String address) throws IOException {
    NettyListener listener = new NettyListener(limits);
    Pipeline pipeline = new Pipeline(tls::forServer, listener::taken);
    ChannelFuture bound =
        transport.server().childHandler(pipeline).bind(resolved(address)).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      BindException failure =
          new BindException("cannot listen at " + address + ": " + Reasons.of(bound.cause()));
      failure.initCause(bound.cause());
      throw failure;
    }
    InetSocketAddress local = (InetSocketAddress) bound.channel().localAddress();
    sockets.add(bound.channel());
    listener.bound(
        HostPort.of(local).toString(), () -> bound.channel().close().awaitUninterruptibly());
    return listener;
  }

  private static InetSocketAddress resolved(String address) throws IOException {
    HostPort target = HostPort.parse(address);
    InetSocketAddress resolved = new InetSocketAddress(target.host(), target.port());
    if (resolved.isUnresolved()) {
      throw new UnknownHostException("the host name of " + address + " is not known here");
    }
    return resolved;
  }

  /** Closes all listeners and connections, and ends the event loops. */
  @Override
  public void close() {
    for (io.netty.channel.Channel socket : sockets) {
      Connection connection = socket.pipeline().get(Connection.class);
      if (connection != null) connection.channel().close();
    }
    sockets.close().awaitUninterruptibly();
    transport.close();
    tls.close();
  }

  /** TLS and then the handshake, on every socket of one side. */
  private final class Pipeline extends ChannelInitializer<io.netty.channel.Channel> {
    private final Function<ByteBufAllocator, SslHandler> side;
    private final Function<io.netty.channel.Channel, Optional<Handshake.Outcome>> admission;

    Pipeline(
        Function<ByteBufAllocator, SslHandler> side,
        Function<io.netty.channel.Channel, Optional<Handshake.Outcome>> admission) {
      this.side = side;
      this.admission = admission;
    }

    @Override
    protected void initChannel(io.netty.channel.Channel socket) {
      Optional<Handshake.Outcome> admitted = admission.apply(socket);
      if (admitted.isEmpty()) {
        socket.close();
        return;
      }
      sockets.add(socket);
      socket
          .pipeline()
          .addLast("tls", side.apply(socket.alloc()))
          .addLast(
              "handshake",
              new Handshake(
                  group,
                  peer -> new Connection(socket, peer, memory, limits, time),
                  admitted.get()));
    }
  }

  /** The outcome for the side that connects. */
  private record Connecting(CompletableFuture<NettyChannel> opened) implements Handshake.Outcome {
    @Override
    public void opened(NettyChannel channel) {
      if (!opened.complete(channel)) channel.close();
    }

    @Override
    public void failed(String reason) {
      opened.completeExceptionally(new IOException(reason));
    }
  }
}
