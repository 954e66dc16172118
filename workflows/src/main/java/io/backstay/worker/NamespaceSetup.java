package io.backstay.worker;

import com.google.protobuf.util.Durations;
import io.backstay.workflow.Attributes;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.namespace.v1.NamespaceConfig;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.api.workflowservice.v1.DescribeNamespaceResponse;
import io.temporal.api.workflowservice.v1.RegisterNamespaceRequest;
import io.temporal.api.workflowservice.v1.UpdateNamespaceRequest;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a group's namespace and its search attributes, or finds that they are there (rules F3, F4).
 */
final class NamespaceSetup {
  /** How long Temporal keeps the histories of runs that are over (rule F4). */
  static final Duration RETENTION = Duration.ofDays(30);

  private static final Logger LOG = LoggerFactory.getLogger(NamespaceSetup.class);

  private final WorkflowServiceStubs temporal;
  private final String namespace;

  NamespaceSetup(WorkflowServiceStubs temporal, String namespace) {
    this.temporal = temporal;
    this.namespace = namespace;
  }

  /**
   * @throws StatusRuntimeException when Temporal cannot be reached, or there is no such namespace
   *     and this worker may not make it
   */
  void ensureNamespace() {
    try {
      temporal
          .blockingStub()
          .registerNamespace(
              RegisterNamespaceRequest.newBuilder()
                  .setNamespace(namespace)
                  .setDescription("Backstay group: backups of block volumes")
                  .setWorkflowExecutionRetentionPeriod(Durations.fromSeconds(RETENTION.toSeconds()))
                  .build());
      LOG.info("made namespace {} with {} days of retention", namespace, RETENTION.toDays());
    } catch (StatusRuntimeException e) {
      switch (e.getStatus().getCode()) {
        case ALREADY_EXISTS, PERMISSION_DENIED -> extendRetention();
        case UNIMPLEMENTED -> LOG.debug("this Temporal has no namespaces to make");
        default -> throw e;
      }
    }
  }

  /** A shorter retention than ours would forget runs that {@code run list} should show. */
  private void extendRetention() {
    DescribeNamespaceResponse found =
        temporal
            .blockingStub()
            .describeNamespace(
                DescribeNamespaceRequest.newBuilder().setNamespace(namespace).build());
    long seconds = found.getConfig().getWorkflowExecutionRetentionTtl().getSeconds();
    if (seconds >= RETENTION.toSeconds()) return;
    try {
      temporal
          .blockingStub()
          .updateNamespace(
              UpdateNamespaceRequest.newBuilder()
                  .setNamespace(namespace)
                  .setConfig(
                      NamespaceConfig.newBuilder()
                          .setWorkflowExecutionRetentionTtl(
                              Durations.fromSeconds(RETENTION.toSeconds())))
                  .build());
      LOG.info("namespace {} now keeps histories for {} days", namespace, RETENTION.toDays());
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) throw e;
      LOG.warn(
          "namespace {} keeps histories for {} s only and cannot be changed: {}",
          namespace,
          seconds,
          e.getMessage());
    }
  }

  /**
   * Registers the search attributes, or finds them registered. False, and said in the log, when
   * runs must do without them.
   */
  boolean ensureSearchAttributes() {
    OperatorServiceStubs operator =
        OperatorServiceStubs.newServiceStubs(
            OperatorServiceStubsOptions.newBuilder()
                .setChannel(temporal.getRawChannel())
                .validateAndBuildWithDefaults());
    try {
      boolean there = areRegistered(operator);
      if (!there) {
        register(operator);
        there = areRegistered(operator);
      }
      if (!there) LOG.warn("the search attributes are not there although they were registered");
      return there;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) throw e;
      LOG.warn(
          "the search attributes {} cannot be registered ({}): runs go on without them, and are not"
              + " found by volume or server in the web UI",
          Attributes.ALL.stream().map(key -> key.getName()).toList(),
          e.getMessage());
      return false;
    }
  }

  private boolean areRegistered(OperatorServiceStubs operator) {
    Map<String, IndexedValueType> found =
        operator
            .blockingStub()
            .listSearchAttributes(
                ListSearchAttributesRequest.newBuilder().setNamespace(namespace).build())
            .getCustomAttributesMap();
    return Attributes.ALL.stream()
        .allMatch(key -> found.get(key.getName()) == IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD);
  }

  private void register(OperatorServiceStubs operator) {
    AddSearchAttributesRequest.Builder request =
        AddSearchAttributesRequest.newBuilder().setNamespace(namespace);
    Attributes.ALL.forEach(key ->
        request.putSearchAttributes(key.getName(), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD));
    try {
      operator.blockingStub().addSearchAttributes(request.build());
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.ALREADY_EXISTS) throw e;
    }
  }
}
