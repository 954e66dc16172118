package io.backstay.cli;

import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.server.RoleService;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.worker.BackstayWorker;
import io.backstay.worker.WorkerSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Optional;

/** The worker as a server of the group: it can be asked how it is, and nothing else. */
final class WorkerService implements RoleService {
  private final ServerConfig config;
  private final Servers servers;
  private final MeterRegistry metrics;
  private final Time time;
  private Optional<BackstayWorker> worker = Optional.empty();

  WorkerService(ServerConfig config, Servers servers, MeterRegistry metrics, Time time) {
    this.config = config;
    this.servers = servers;
    this.metrics = metrics;
    this.time = time;
  }

  @Override
  public void start() {
    ServerConfig.Temporal temporal =
        config
            .temporal()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "the configuration of %s has no temporal: a worker needs it"
                        .formatted(config.name())));
    WorkerSettings settings = WorkerSettings.of(temporal.address(), temporal.namespace());
    worker = Optional.of(BackstayWorker.start(settings, servers, metrics, time));
  }

  @Override
  public Reply answer(Peer peer, Command command) throws RefusedException {
    throw new RefusedException(
        RefusalCode.UNSUPPORTED, "a worker does not know " + command.getClass().getSimpleName());
  }

  @Override
  public void stop() {
    worker.ifPresent(BackstayWorker::close);
  }
}
