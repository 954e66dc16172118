package io.backstay.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * Event loops, sockets and the memory for what passes through them: epoll where there is one, else
 * NIO. Sized for a small process: an event loop encrypts more than two gigabytes a second, so two
 * of them are more than the disks behind them take.
 */
final class Transport implements AutoCloseable {
  private static final int LOOPS_MAX = 2;
  private static final int BACKLOG = 128;
  private static final long SHUTDOWN_SECONDS_MAX = 5;

  /** What one read of a socket takes: small for commands, large when much flows. */
  private static final AdaptiveRecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(2 * 1024, 16 * 1024, 256 * 1024);

  private static final int PAGE_BYTES = 8192;

  /** Chunks of 1 MiB: PAGE_BYTES shifted by this. */
  private static final int CHUNK_ORDER = 7;

  private final EventLoopGroup loops;
  private final PooledByteBufAllocator allocator;
  private final Class<? extends ServerChannel> serverSocket;
  private final Class<? extends Channel> socket;

  Transport() {
    int threads = Math.min(LOOPS_MAX, Runtime.getRuntime().availableProcessors());
    boolean epoll = Epoll.isAvailable();
    IoHandlerFactory polling = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    loops =
        new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("net", true), polling);
    serverSocket = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    socket = epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    allocator =
        new PooledByteBufAllocator(
            true,
            0,
            threads,
            PAGE_BYTES,
            CHUNK_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(),
            PooledByteBufAllocator.defaultNormalCacheSize(),
            false);
  }

  EventLoopGroup loops() {
    return loops;
  }

  Bootstrap client(long connectMillis) {
    return new Bootstrap()
        .group(loops)
        .channel(socket)
        .option(ChannelOption.ALLOCATOR, allocator)
        .option(ChannelOption.RECVBUF_ALLOCATOR, READS)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(connectMillis));
  }

  ServerBootstrap server() {
    return new ServerBootstrap()
        .group(loops)
        .channel(serverSocket)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.ALLOCATOR, allocator)
        .childOption(ChannelOption.RECVBUF_ALLOCATOR, READS)
        .childOption(ChannelOption.TCP_NODELAY, true);
  }

  /** Buffers of sockets and TLS that are out, or that an event loop keeps for its next ones. */
  long buffersTaken() {
    return allocator.metric().directArenas().stream()
        .mapToLong(PoolArenaMetric::numActiveAllocations)
        .sum();
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, SHUTDOWN_SECONDS_MAX, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
