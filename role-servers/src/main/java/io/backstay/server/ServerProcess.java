package io.backstay.server;

import io.backstay.authority.Authority;
import io.backstay.net.Credentials;
import io.backstay.net.NettyNetwork;
import io.backstay.pki.CertificateAuthority;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.wire.Network;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server of the group as a process: everything around its role. The command line opens it,
 * makes the role from what it gives, and serves.
 *
 * <pre>
 *   try (ServerProcess process = ServerProcess.open(config, software, copies, time)) {
 *     RoleService role = ... process.dialer(), process.authority(), process.metrics() ...
 *     process.serve(role);
 *     process.awaitStop();
 *   }
 * </pre>
 *
 * <p>It begins to answer /health at once, and to serve when the role has started. It stops in the
 * reverse order: no new connections, the role to its steady state, connections, network.
 */
public final class ServerProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServerProcess.class);

  private final ServerConfig config;
  private final String software;
  private final Time time;
  private final Instant started;
  private final NettyNetwork network;
  private final GroupAuthority authority;
  private final HelloHandshake hello;
  private final GroupDialer dialer;
  private final RemoteServers servers;
  private final ServerMetrics metrics;
  private final Optional<HealthEndpoint> health;
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.STARTING);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile Optional<Conversations> conversations = Optional.empty();
  private volatile Optional<RoleService> service = Optional.empty();

  private ServerProcess(
      ServerConfig config, String software, NettyNetwork network, Directory directory, Time time)
      throws IOException {
    this.config = config;
    this.software = software;
    this.time = time;
    this.started = time.now();
    this.network = network;
    Authority ca = Authority.load(config.group(), Path.of(config.caFile()));
    this.authority = new GroupAuthority(ca, time);
    this.hello = new HelloHandshake(config.group(), config.name(), software, time);
    this.dialer = new GroupDialer(network, hello);
    this.servers =
        new RemoteServers(config.group(), config.catalog(), dialer, authority, directory, time);
    this.metrics = new ServerMetrics(config, this::certificateDaysLeft);
    Gauge.builder("backstay.payload.buffers", network, NettyNetwork::payloadBuffersTaken)
        .description("received payloads that nobody is through with")
        .register(metrics.registry());
    this.health =
        config.metricsListen().isEmpty()
            ? Optional.empty()
            : Optional.of(
                new HealthEndpoint(config.metricsListen().get(), metrics::text, phase::get, time));
  }

  /**
   * Reads the certificates and opens the endpoint for metrics; nothing is served yet.
   *
   * @param software for people: "backstay 0.1.0"
   * @param directory where the copy of the catalog is kept; others may use it too
   * @throws IOException that names the file or address which is missing or wrong
   */
  public static ServerProcess open(
      ServerConfig config, String software, Directory directory, Time time) throws IOException {
    NettyNetwork network = new NettyNetwork(credentials(config), time);
    boolean opened = false;
    try {
      ServerProcess process = new ServerProcess(config, software, network, directory, time);
      opened = true;
      return process;
    } finally {
      if (!opened) network.close();
    }
  }

  /** The files by which the server shows who it is. */
  public static Credentials credentials(ServerConfig config) {
    return new Credentials(
        config.group(),
        Path.of(config.certificateFile()),
        Path.of(config.keyFile()),
        Path.of(config.caFile()));
  }

  /** The network, as a server of this name has it. */
  public Network network() {
    return network;
  }

  public Dialer dialer() {
    return dialer;
  }

  /** Checks records and grants against the group's CA. */
  public GroupAuthority authority() {
    return authority;
  }

  /** All servers of the group by name, and the newest copy of the catalog. */
  public RemoteServers servers() {
    return servers;
  }

  public MeterRegistry metrics() {
    return metrics.registry();
  }

  /** host:port of /metrics, /health and /ready, with the real port. */
  public Optional<String> metricsAddress() {
    return health.map(HealthEndpoint::address);
  }

  /**
   * Starts the role and then takes connections for it.
   *
   * @return host:port where it listens, with the real port
   */
  public String serve(RoleService role) throws IOException, InterruptedException {
    service = Optional.of(role);
    role.measure(metrics.registry());
    role.start();
    Network.Listener listener = network.listen(config.listen());
    Conversations taking =
        new Conversations(listener, hello, role, this::facts, metrics.registry(), time);
    conversations = Optional.of(taking);
    taking.start();
    ready();
    LOG.info(
        "{} {} of group {} serves at {}",
        config.role().word(),
        config.name(),
        config.group(),
        taking.address());
    return taking.address();
  }

  /** For a process that serves without connections of others, such as a worker. */
  public void ready() {
    phase.compareAndSet(Phase.STARTING, Phase.SERVING);
  }

  private Reply.ServerFacts facts() {
    return new Reply.ServerFacts(
        config.name(),
        config.role(),
        config.node(),
        config.group(),
        ProcessHandle.current().pid(),
        started,
        software,
        network.certificate().getNotAfter().toInstant());
  }

  private long certificateDaysLeft() {
    return CertificateAuthority.daysLeft(network.certificate(), time.now());
  }

  /** Makes SIGTERM and SIGINT stop the process in order. */
  public void stopOnSignal() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "stop"));
  }

  /** Returns when the process has stopped. */
  public void awaitStop() throws InterruptedException {
    stopped.await();
  }

  /** Stops in order. Idempotent. */
  @Override
  public void close() {
    Phase before = phase.getAndUpdate(now -> now == Phase.STOPPED ? now : Phase.STOPPING);
    if (before == Phase.STOPPING || before == Phase.STOPPED) return;
    LOG.info("{} stops", config.name());
    conversations.ifPresent(Conversations::stopListening);
    service.ifPresent(this::stop);
    conversations.ifPresent(Conversations::close);
    servers.close();
    network.close();
    health.ifPresent(HealthEndpoint::close);
    metrics.close();
    phase.set(Phase.STOPPED);
    stopped.countDown();
  }

  private void stop(RoleService role) {
    try {
      role.stop();
    } catch (InterruptedException e) {
      LOG.warn("{} was interrupted while it stopped; what was durable stays", config.name());
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("{} did not stop in order; what was durable stays", config.name(), e);
    }
  }
}
