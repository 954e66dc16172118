package io.backstay.worker;

import io.backstay.activity.Alarms;
import io.backstay.activity.Holders;
import io.backstay.activity.Operations;
import io.backstay.activity.Points;
import io.backstay.activity.Reservations;
import io.backstay.activity.ServerCalls;
import io.backstay.seam.Time;
import io.backstay.wire.Servers;
import io.backstay.workflow.AddVolumeWorkflow;
import io.backstay.workflow.ApplyWorkflow;
import io.backstay.workflow.ClearVolumeWorkflow;
import io.backstay.workflow.DeletePointWorkflow;
import io.backstay.workflow.FullBackupWorkflow;
import io.backstay.workflow.MergeWorkflow;
import io.backstay.workflow.Planner;
import io.backstay.workflow.ResizeWorkflow;
import io.backstay.workflow.RestoreWorkflow;
import io.backstay.workflow.SetVolumeWorkflow;
import io.backstay.workflow.SnapshotWorkflow;
import io.backstay.workflow.UnknownWorkflow;
import io.backstay.workflow.VerifyRestoreWorkflow;
import io.micrometer.core.instrument.MeterRegistry;
import io.temporal.common.converter.DataConverterException;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkflowImplementationOptions;
import java.util.function.BooleanSupplier;

/** The one place where workflows and activities meet a worker. */
final class Registration {
  /**
   * Input that cannot be read fails the run. Any other exception of workflow code is a bug of ours:
   * it keeps the run waiting for a worker that does not have it, instead of failing a long backup.
   */
  private static final WorkflowImplementationOptions OPTIONS =
      WorkflowImplementationOptions.newBuilder()
          .setFailWorkflowExceptionTypes(DataConverterException.class)
          .build();

  private Registration() {}

  static void workflows(Worker worker) {
    worker.registerWorkflowImplementationTypes(
        OPTIONS,
        FullBackupWorkflow.class,
        RestoreWorkflow.class,
        VerifyRestoreWorkflow.class,
        AddVolumeWorkflow.class,
        ClearVolumeWorkflow.class,
        DeletePointWorkflow.class,
        ResizeWorkflow.class,
        SetVolumeWorkflow.class,
        SnapshotWorkflow.class,
        ApplyWorkflow.class,
        MergeWorkflow.class,
        UnknownWorkflow.class);
  }

  static void activities(
      Worker worker,
      Servers servers,
      Holders holders,
      BooleanSupplier searchable,
      MeterRegistry metrics,
      Time time) {
    ServerCalls calls = new ServerCalls(servers);
    worker.registerActivitiesImplementations(
        new Reservations(calls, holders),
        new Operations(calls, time, new Alarms(metrics, time)),
        new Points(calls, time),
        new Planner(calls, searchable));
  }
}
