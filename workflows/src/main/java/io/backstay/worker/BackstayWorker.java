package io.backstay.worker;

import com.uber.m3.tally.RootScopeBuilder;
import com.uber.m3.tally.Scope;
import com.uber.m3.tally.ScopeCloseException;
import io.backstay.activity.TemporalHolders;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.Servers;
import io.backstay.workflow.RunPayloads;
import io.micrometer.core.instrument.MeterRegistry;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.reporter.MicrometerClientStatsReporter;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out the runs of one group. It connects in the background, again and again while Temporal
 * is away, makes the namespace and the search attributes, and then polls until it is closed; the
 * SDK goes on polling by itself when Temporal comes back from an absence. It never ends on its own.
 */
public final class BackstayWorker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BackstayWorker.class);

  /** Workflows kept in memory; others are replayed when they go on. */
  private static final int CACHED_WORKFLOWS_MAX = 50;

  /** Watching an operation takes a slot and a virtual thread, nothing else. */
  private static final int ACTIVITIES_MAX = 200;

  private static final int WORKFLOW_TASKS_MAX = 8;
  private static final int POLLERS = 2;

  /** Heartbeats also bring the news of a cancellation, so they are not saved up for long. */
  private static final Duration HEARTBEAT_EVERY = Duration.ofSeconds(1);

  /** A busy machine of two cores must not look like a deadlock. */
  private static final Duration DEADLOCK_AFTER = Duration.ofSeconds(10);

  private static final Duration CONNECT_AGAIN_AFTER = Duration.ofSeconds(2);
  private static final Duration METRICS_EVERY = Duration.ofSeconds(10);
  private static final Duration DRAIN_WITHIN = Duration.ofSeconds(5);

  private final WorkerSettings settings;
  private final Scope metrics;
  private final WorkflowServiceStubs temporal;
  private final WorkerFactory factory;
  private final Gate closing;
  private volatile boolean closed;
  private volatile boolean searchable;
  private volatile Optional<String> trouble = Optional.of("not connected yet");

  private BackstayWorker(
      WorkerSettings settings, Servers servers, MeterRegistry registry, Time time) {
    this.settings = settings;
    this.closing = time.gate();
    this.metrics =
        new RootScopeBuilder()
            .reporter(new MicrometerClientStatsReporter(registry))
            .reportEvery(com.uber.m3.util.Duration.ofMillis(METRICS_EVERY.toMillis()));
    this.temporal =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder()
                .setTarget(settings.address())
                .setMetricsScope(metrics)
                .build());
    this.factory = WorkerFactory.newInstance(client(), factoryOptions());
    Worker worker = factory.newWorker(settings.taskQueue(), workerOptions(settings.temporal()));
    Registration.workflows(worker);
    Registration.activities(
        worker,
        servers,
        new TemporalHolders(temporal, settings.namespace()),
        () -> searchable,
        registry,
        time);
  }

  /** Returns at once; {@link #trouble} tells whether it works. */
  public static BackstayWorker start(
      WorkerSettings settings, Servers servers, MeterRegistry registry, Time time) {
    BackstayWorker worker = new BackstayWorker(settings, servers, registry, time);
    time.fork("connect to Temporal", worker::connect);
    return worker;
  }

  private WorkflowClient client() {
    return WorkflowClient.newInstance(
        temporal,
        WorkflowClientOptions.newBuilder()
            .setNamespace(settings.namespace())
            .setDataConverter(RunPayloads.converter())
            .setWorkerHeartbeatInterval(Duration.ofSeconds(-1)) // not known to the pinned server
            .build());
  }

  private static WorkerFactoryOptions factoryOptions() {
    return WorkerFactoryOptions.newBuilder()
        .setWorkflowCacheSize(CACHED_WORKFLOWS_MAX)
        .setUsingVirtualWorkflowThreads(true)
        .build();
  }

  static WorkerOptions workerOptions(WorkerSettings.TemporalKind temporal) {
    WorkerOptions.Builder options =
        WorkerOptions.newBuilder()
            .setUsingVirtualThreads(true)
            .setMaxConcurrentActivityExecutionSize(ACTIVITIES_MAX)
            .setMaxConcurrentWorkflowTaskExecutionSize(WORKFLOW_TASKS_MAX)
            .setMaxConcurrentWorkflowTaskPollers(POLLERS)
            .setMaxConcurrentActivityTaskPollers(POLLERS)
            .setMaxHeartbeatThrottleInterval(HEARTBEAT_EVERY)
            .setDefaultDeadlockDetectionTimeout(DEADLOCK_AFTER.toMillis());
    return switch (temporal) {
      case SERVER -> options.build();
      case TEST_SERVER -> options.setStickyQueueScheduleToStartTimeout(Duration.ZERO).build();
    };
  }

  private void connect() {
    while (!closed) {
      try {
        NamespaceSetup setup = new NamespaceSetup(temporal, settings.namespace());
        setup.ensureNamespace();
        searchable = setup.ensureSearchAttributes();
        factory.start();
        trouble = Optional.empty();
        LOG.info(
            "working for namespace {} at Temporal {}, task queue {}",
            settings.namespace(),
            settings.address(),
            settings.taskQueue());
        return;
      } catch (RuntimeException e) {
        say("Temporal at %s: %s".formatted(settings.address(), e.getMessage()));
      }
      if (pause()) return;
    }
  }

  private void say(String what) {
    if (!trouble.equals(Optional.of(what))) LOG.warn("{}; trying again", what);
    trouble = Optional.of(what);
  }

  /** True when the worker was closed meanwhile. */
  private boolean pause() {
    try {
      return closing.await(CONNECT_AGAIN_AFTER);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** What keeps the worker from polling; empty since it first could. */
  public Optional<String> trouble() {
    return trouble;
  }

  /** Whether runs set the search attributes; false until connected. */
  public boolean searchable() {
    return searchable;
  }

  /** Stops polling and watching. The operations at the servers go on (rule K3). */
  @Override
  public void close() {
    closed = true;
    closing.open();
    factory.shutdownNow();
    factory.awaitTermination(DRAIN_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    temporal.shutdownNow();
    closeMetrics();
  }

  private void closeMetrics() {
    try {
      metrics.close();
    } catch (ScopeCloseException e) {
      LOG.warn("the last metrics were not reported: {}", e.toString());
    }
  }
}
