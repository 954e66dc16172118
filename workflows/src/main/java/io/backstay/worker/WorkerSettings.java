package io.backstay.worker;

import java.util.Objects;

/**
 * Where a worker works.
 *
 * @param address host:port of Temporal's frontend
 * @param namespace of the group; made when it is not there
 * @param taskQueue {@link Runs#TASK_QUEUE} outside tests
 */
public record WorkerSettings(
    String address, String namespace, String taskQueue, TemporalKind temporal) {

  /** What answers at the address. */
  public enum TemporalKind {
    /** A Temporal server. */
    SERVER,
    /**
     * The Java test server: it never gives up a dead worker's sticky queue, so that none is used.
     */
    TEST_SERVER
  }

  public WorkerSettings {
    Objects.requireNonNull(address, "address");
    Objects.requireNonNull(namespace, "namespace");
    Objects.requireNonNull(taskQueue, "taskQueue");
    Objects.requireNonNull(temporal, "temporal");
  }

  /** A worker of a group at a Temporal server. */
  public static WorkerSettings of(String address, String namespace) {
    return new WorkerSettings(address, namespace, Runs.TASK_QUEUE, TemporalKind.SERVER);
  }
}
