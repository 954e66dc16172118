package io.backstay.nbd;

import io.backstay.net.Credentials;
import io.backstay.net.HostPort;
import io.backstay.net.Reasons;
import io.backstay.net.TlsContexts;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves volumes to NBD clients: on Unix sockets that only their owner may open, on loopback, and
 * elsewhere with TLS and a certificate of the group. Exports and listeners come and go while it
 * runs.
 *
 * <p>A request's way is {@link Transmission}; how a connection gets there is {@link Negotiation};
 * what many connections of one export mean to each other is {@link ServedExport}.
 */
public final class NbdServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);
  private static final Duration WATCH_EVERY = Duration.ofSeconds(1);
  private static final int BACKLOG = 128;
  private static final long SHUTDOWN_SECONDS_MAX = 5;
  private static final int PAGE_BYTES = 8192;

  /** Chunks of 8 MiB: PAGE_BYTES shifted by this. Large reads find room beside each other. */
  private static final int CHUNK_ORDER = 10;

  private final Time time;
  private final NbdLimits limits;
  private final MeterRegistry registry;
  private final Optional<Entrance.Tls> tls;
  private final Predicate<SocketAddress> near;
  private final MultiThreadIoEventLoopGroup group;
  private final PooledByteBufAllocator allocator;
  private final List<Loop> loops = new ArrayList<>();
  private final AtomicInteger nextLoop = new AtomicInteger();
  private final Exports exports = new Exports();
  private final InFlight inFlight;
  private final Set<Channel> sockets = ConcurrentHashMap.newKeySet();
  private final Set<Negotiation> negotiations = ConcurrentHashMap.newKeySet();
  private final Set<NbdListener> listeners = ConcurrentHashMap.newKeySet();
  private final Gate closed;

  /** Without TLS: Unix sockets and loopback only. */
  public NbdServer(Time time, NbdLimits limits, MeterRegistry registry) {
    this(time, limits, registry, Optional.empty());
  }

  /**
   * Also with TLS, for those whose certificate of the group allows it.
   *
   * @throws IOException that names the credentials file which is missing or wrong
   */
  public NbdServer(Time time, NbdLimits limits, MeterRegistry registry, Credentials credentials)
      throws IOException {
    this(
        time,
        limits,
        registry,
        Optional.of(new Entrance.Tls(new TlsContexts(credentials), credentials.group())));
  }

  private NbdServer(
      Time time, NbdLimits limits, MeterRegistry registry, Optional<Entrance.Tls> tls) {
    this(time, limits, registry, tls, NbdServer::isNear);
  }

  /**
   * @param near whether a client's address is on this machine
   */
  NbdServer(
      Time time,
      NbdLimits limits,
      MeterRegistry registry,
      Optional<Entrance.Tls> tls,
      Predicate<SocketAddress> near) {
    Epoll.ensureAvailability();
    this.near = near;
    this.time = time;
    this.limits = limits;
    this.registry = registry;
    this.tls = tls;
    this.inFlight = new InFlight(limits.totalBytes());
    Gauge.builder("backstay.nbd.in.flight", inFlight, InFlight::bytes)
        .description("bytes of requests of all connections that wait for their answers")
        .baseUnit("bytes")
        .register(registry);
    this.allocator =
        new PooledByteBufAllocator(true, 0, limits.loops(), PAGE_BYTES, CHUNK_ORDER, 0, 0, false);
    this.group =
        new MultiThreadIoEventLoopGroup(
            limits.loops(), new DefaultThreadFactory("nbd", true), EpollIoHandler.newFactory());
    for (EventExecutor events : group) {
      loops.add(
          new Loop((EventLoop) events, new ReadMemory(allocator), new ReplyMemory(allocator)));
    }
    this.closed = time.gate();
    time.fork("nbd-watch", this::watch);
  }

  // ---- exports

  /** Serves it by its name from now on. */
  public void add(Export export, WriteCache writeCache) {
    int loop = Math.floorMod(nextLoop.getAndIncrement(), loops.size());
    ExportMeters meters = new ExportMeters(export.name(), registry, time);
    exports.add(new ServedExport(export, writeCache, loops.get(loop), meters));
  }

  /**
   * Waits until every request that was read is answered and all connections are closed; the export
   * is not called any more.
   */
  public void remove(String export) {
    Optional<ServedExport> removed = exports.remove(export);
    if (removed.isEmpty()) return;
    removed.get().close().join();
    removed.get().meters().unregister();
  }

  // ---- listeners

  /**
   * A socket of mode 0600 for one export. The file of a server that died is replaced.
   *
   * @throws BindException if another server lives there, or something else than a socket
   */
  public NbdListener listenUnix(Path path, String export) throws IOException {
    Entrance entrance = new Entrance(path.toString(), exports, export::equals, tls, false);
    ServerBootstrap server = server(entrance).channel(EpollServerDomainSocketChannel.class);
    List<Channel> bound = new ArrayList<>(1);
    UnixSocketFile file =
        UnixSocketFile.create(
            path,
            time,
            at -> bound.add(bound(server, new DomainSocketAddress(at.toString()), path)));
    String socket = encoded(file.path().toString());
    return listener(
        file.path().toString(),
        name -> "nbd+unix:///" + encoded(name) + "?socket=" + socket,
        () -> {
          unbind(bound.getFirst());
          deleteQuietly(file);
        });
  }

  private static void deleteQuietly(UnixSocketFile file) {
    try {
      file.delete();
    } catch (IOException e) {
      LOG.warn("the socket {} stays behind: {}", file.path(), Reasons.of(e));
    }
  }

  /**
   * Plain on a loopback address (TLS if the client wants it and there are certificates), with TLS
   * only on any other.
   *
   * @param address {@code host:port}; port 0 is any that is free
   * @param shown which exports there are for those who come in here
   */
  public NbdListener listenTcp(String address, Predicate<String> shown) throws IOException {
    HostPort wanted = HostPort.parse(address);
    InetSocketAddress at = new InetSocketAddress(wanted.host(), wanted.port());
    if (at.isUnresolved()) {
      throw new UnknownHostException("the host name of " + address + " is not known here");
    }
    boolean near = at.getAddress().isLoopbackAddress();
    if (!near && tls.isEmpty()) {
      throw new BindException(
          "cannot serve NBD at %s without certificates: only loopback is served plain"
              .formatted(address));
    }
    ServerBootstrap server =
        server(new Entrance(address, exports, shown, tls, !near))
            .channel(EpollServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true);
    Channel bound = bound(server, at, address);
    String local = HostPort.of((InetSocketAddress) bound.localAddress()).toString();
    String start = (near ? "nbd://" : "nbds://") + local + "/";
    return listener(local, name -> start + encoded(name), () -> unbind(bound));
  }

  /** As a part of a URI. */
  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
  }

  private NbdListener listener(String address, UnaryOperator<String> uri, Runnable unbind) {
    NbdListener listener = new NbdListener(address, uri, unbind, listeners::remove);
    listeners.add(listener);
    return listener;
  }

  private ServerBootstrap server(Entrance entrance) {
    return new ServerBootstrap()
        .group(group)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .childOption(ChannelOption.ALLOCATOR, allocator)
        .childOption(
            ChannelOption.WRITE_BUFFER_WATER_MARK,
            new WriteBufferWaterMark(limits.unsentBytes() / 2, limits.unsentBytes()))
        .childHandler(new Accepted(entrance));
  }

  private Channel bound(ServerBootstrap server, SocketAddress at, Object shown)
      throws BindException {
    ChannelFuture binding = server.bind(at).awaitUninterruptibly();
    if (binding.isSuccess()) {
      sockets.add(binding.channel());
      return binding.channel();
    }
    BindException failure =
        new BindException("cannot serve NBD at " + shown + ": " + Reasons.of(binding.cause()));
    failure.initCause(binding.cause());
    throw failure;
  }

  private void unbind(Channel bound) {
    bound.close().awaitUninterruptibly();
    sockets.remove(bound);
  }

  /** What happens to a socket that was accepted. */
  private final class Accepted extends ChannelInitializer<Channel> {
    private final Entrance entrance;

    Accepted(Entrance entrance) {
      this.entrance = entrance;
    }

    @Override
    protected void initChannel(Channel socket) {
      Client client = client(socket, entrance);
      sockets.add(socket);
      socket.closeFuture().addListener(gone -> sockets.remove(socket));
      if (connections() > limits.connections()) {
        LOG.warn(
            "NBD connection of {} closed: there are {} others, the limit",
            client.name(),
            limits.connections());
        socket.close();
        return;
      }
      SocketReads reads = new SocketReads();
      socket.config().setRecvByteBufAllocator(reads);
      Negotiation negotiation = new Negotiation(entrance, client, limits, inFlight, reads, time);
      negotiations.add(negotiation);
      socket.pipeline().addLast("negotiation", negotiation);
    }
  }

  private Client client(Channel socket, Entrance entrance) {
    SocketAddress remote = socket.remoteAddress();
    String name =
        remote instanceof InetSocketAddress
            ? HostPort.text(remote)
            : "a client at " + entrance.address();
    return new Client(name, near.test(remote), Optional.empty());
  }

  private static boolean isNear(SocketAddress remote) {
    return !(remote instanceof InetSocketAddress internet)
        || internet.getAddress().isLoopbackAddress();
  }

  /** Buffers of sockets and requests that are out; few are when all is answered. */
  long buffersTaken() {
    return allocator.metric().directArenas().stream()
        .mapToLong(PoolArenaMetric::numActiveAllocations)
        .sum();
  }

  /** What buffers of sockets and requests take. */
  long memoryBytes() {
    return allocator.metric().usedDirectMemory();
  }

  /** Clients that are connected now, those that negotiate included. */
  public int connections() {
    return sockets.size() - listeners.size();
  }

  /** Bytes of requests that wait for their answers. */
  public long bytesInFlight() {
    return inFlight.bytes();
  }

  // ---- time

  private void watch() {
    try {
      while (!closed.await(WATCH_EVERY)) {
        negotiations.removeIf(Negotiation::isOver);
        negotiations.forEach(Negotiation::watch);
        for (ServedExport served : exports.all()) {
          served.loop().events().execute(served::watch);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the end

  /** Lets nobody in any more, answers what was asked, closes all connections. */
  @Override
  public void close() {
    closed.open();
    for (NbdListener listener : listeners) listener.close();
    for (ServedExport served : exports.all()) remove(served.export().name());
    for (Channel socket : sockets) socket.close().awaitUninterruptibly();
    for (Loop loop : loops) {
      loop.events().submit(loop.reads()::close).awaitUninterruptibly();
      loop.events().submit(loop.replies()::close).awaitUninterruptibly();
    }
    group.shutdownGracefully(0, SHUTDOWN_SECONDS_MAX, TimeUnit.SECONDS).awaitUninterruptibly();
    tls.ifPresent(some -> some.contexts().close());
  }
}
