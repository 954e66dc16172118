package io.backstay.sim;

import io.backstay.seam.Time;
import io.backstay.server.Conversations;
import io.backstay.server.HelloHandshake;
import io.backstay.server.RoleService;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MemoryNetwork;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** A server of the group: its disk stays, its process comes and goes. */
public final class SimulatedServer {
  /** Builds the role of a new process. */
  interface Make {
    RoleService service(Life life) throws IOException;
  }

  /** What belongs to one process, and dies with it. */
  public record Life(
      SimulatedProcess process, MemoryDisk.Mount mount, MemoryNetwork network, Time time) {}

  private final SimulatedGroup group;
  private final SimulatedNode node;
  private final Peer self;
  private final Make make;
  private Optional<Life> life = Optional.empty();
  private Optional<RoleService> service = Optional.empty();
  private Optional<String> failedStart = Optional.empty();
  private boolean stopping;
  private long awayUntilNanos;
  private long servesSinceNanos;
  private int lives;

  SimulatedServer(SimulatedGroup group, SimulatedNode node, Peer self, Make make) {
    this.group = group;
    this.node = node;
    this.self = self;
    this.make = make;
    node.add(this);
  }

  public String name() {
    return self.name();
  }

  public Peer self() {
    return self;
  }

  public SimulatedNode node() {
    return node;
  }

  public String address() {
    return self.name() + ":1";
  }

  public boolean isAlive() {
    return life.isPresent();
  }

  /** Whether it takes connections. */
  public boolean isServing() {
    return service.isPresent();
  }

  /** Whether it takes connections, and has for so long without a pause. */
  public boolean servesSince(Duration duration) {
    if (!isServing()) return false;
    long paused = process().map(SimulatedProcess::pausedUntilNanos).orElse(0L);
    long since = Math.max(servesSinceNanos, paused);
    return group.scheduler().nanos() - since >= duration.toNanos();
  }

  /** Why it could not start the last time, if it could not. */
  public Optional<String> failedStart() {
    return failedStart;
  }

  public Optional<Life> life() {
    return life;
  }

  public Optional<SimulatedProcess> process() {
    return life.map(Life::process);
  }

  public void start() {
    if (isAlive() || group.scheduler().nanos() < awayUntilNanos) return;
    SimulatedProcess process = new SimulatedProcess(name() + "." + ++lives);
    Life begun =
        new Life(
            process,
            node.disk().mount(process.name()),
            new MemoryNetwork(group.wire(), self),
            new SimulatedTime(group.scheduler(), process, node::clockAheadNanos));
    life = Optional.of(begun);
    group.begins(this);
    stopping = false;
    begun.time().fork("main", () -> main(begun));
  }

  private void main(Life mine) {
    try {
      RoleService role = make.service(mine);
      MeterRegistry metrics = new SimpleMeterRegistry();
      if (group.measures()) role.measure(metrics);
      role.start();
      failedStart = Optional.empty();
      Network network = new TappedNetwork(name(), mine.network(), group.witness());
      Network.Listener listener = network.listen(address());
      service = Optional.of(role);
      servesSinceNanos = group.scheduler().nanos();
      HelloHandshake hello = new HelloHandshake(GroupKeys.GROUP, name(), "simulation", mine.time());
      new Conversations(listener, hello, role, () -> facts(mine), metrics, mine.time()).start();
    } catch (IOException e) {
      failedStart = Optional.of(e.toString());
      group.say(name() + " cannot start: " + e.getMessage());
      die();
      SeededScheduler.parkForever();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Reply.ServerFacts facts(Life mine) {
    return new Reply.ServerFacts(
        name(),
        self.role(),
        node.name(),
        GroupKeys.GROUP,
        lives,
        mine.time().now(),
        "simulation",
        Instant.MAX);
  }

  /** As SIGKILL. The supervisor starts it again. */
  public void die() {
    if (life.isEmpty()) return;
    Life ended = life.get();
    life = Optional.empty();
    service = Optional.empty();
    group.scheduler().kill(ended.process());
    ended.mount().die();
    ended.network().processDeath(group.random());
    group.died(this);
  }

  /** Whether it is about to end in order. */
  public boolean isStopping() {
    return stopping;
  }

  /** It dies, and does not come back before so long. */
  public void leave(long awayNanos) {
    awayUntilNanos = group.scheduler().nanos() + awayNanos;
    die();
    group.scheduler().at(awayUntilNanos, this::start);
  }

  /** It comes back now, if it was away. */
  public void comeBack() {
    awayUntilNanos = 0;
    start();
  }

  /** As SIGTERM: what runs is brought to a steady state, then the process ends. */
  public void stopInOrder() {
    if (service.isEmpty() || stopping) return;
    stopping = true;
    RoleService role = service.get();
    Life ending = life.orElseThrow();
    ending
        .time()
        .fork(
            "stop",
            () -> {
              try {
                role.stop();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              die();
              SeededScheduler.parkForever();
            });
  }
}
