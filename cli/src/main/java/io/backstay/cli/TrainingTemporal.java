package io.backstay.cli;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import io.temporal.api.common.v1.Link;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.History;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.history.v1.WorkflowExecutionCompletedEventAttributes;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.api.workflowservice.v1.GetSystemInfoResponse;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryRequest;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse;
import io.temporal.api.workflowservice.v1.StartWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.StartWorkflowExecutionResponse;
import io.temporal.api.workflowservice.v1.WorkflowServiceGrpc;

/**
 * What stands for Temporal in the training: every run that is started is over at once. What else it
 * is asked it answers with "not implemented".
 */
final class TrainingTemporal extends WorkflowServiceGrpc.WorkflowServiceImplBase {
  private static final ByteString RESULT = ByteString.copyFromUtf8("{\"volume\":\"v\",\"gid\":0}");

  @Override
  public void getSystemInfo(
      GetSystemInfoRequest request, StreamObserver<GetSystemInfoResponse> observer) {
    answer(
        observer,
        GetSystemInfoResponse.newBuilder()
            .setCapabilities(GetSystemInfoResponse.Capabilities.getDefaultInstance())
            .build());
  }

  @Override
  public void startWorkflowExecution(
      StartWorkflowExecutionRequest request,
      StreamObserver<StartWorkflowExecutionResponse> observer) {
    answer(
        observer,
        StartWorkflowExecutionResponse.newBuilder()
            .setRunId(request.getRequestId())
            .setLink(
                Link.newBuilder()
                    .setWorkflowEvent(
                        Link.WorkflowEvent.newBuilder().setWorkflowId(request.getWorkflowId())))
            .build());
  }

  @Override
  public void getWorkflowExecutionHistory(
      GetWorkflowExecutionHistoryRequest request,
      StreamObserver<GetWorkflowExecutionHistoryResponse> observer) {
    Payloads result =
        Payloads.newBuilder().addPayloads(Payload.newBuilder().setData(RESULT)).build();
    HistoryEvent end =
        HistoryEvent.newBuilder()
            .setEventType(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
            .setWorkflowExecutionCompletedEventAttributes(
                WorkflowExecutionCompletedEventAttributes.newBuilder().setResult(result))
            .build();
    answer(
        observer,
        GetWorkflowExecutionHistoryResponse.newBuilder()
            .setHistory(History.newBuilder().addEvents(end))
            .build());
  }

  private static <T> void answer(StreamObserver<T> observer, T reply) {
    observer.onNext(reply);
    observer.onCompleted();
  }
}
