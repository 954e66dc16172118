package io.backstay.worker;

import io.grpc.ManagedChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * The thread that serves one client's connection to Temporal, and ends with it. The one that all
 * clients of a process would share goes on for a second after the last of them, in native code, and
 * a JVM that ends waits 300 ms for such a thread: a quarter of the time of a short command.
 */
final class ClientSockets implements AutoCloseable {
  private static final long CLOSE_MILLIS_MAX = 1_000;

  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("temporal-client", true), NioIoHandler.newFactory());

  void serve(ManagedChannelBuilder<?> channel) {
    if (channel instanceof NettyChannelBuilder netty)
      netty.eventLoopGroup(loop).channelType(NioSocketChannel.class);
  }

  @Override
  public void close() {
    loop.shutdownGracefully(0, CLOSE_MILLIS_MAX, TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(CLOSE_MILLIS_MAX);
  }
}
