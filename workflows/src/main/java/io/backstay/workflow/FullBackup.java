package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.backstay.model.Point;
import io.backstay.model.WorkResult;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Instant;

/** Sends a whole volume to an archive; the result is a new restorable point. */
@WorkflowInterface
public interface FullBackup extends Run {
  /**
   * @param rateLimit "100MiB/s"; null for no limit
   * @param archive server name; null for the volume's primary archive
   */
  record Input(String volume, String rateLimit, String archive) implements RunInput {
    public Input {
      Names.require("volume", volume);
      Rate.bytesPerSecond(rateLimit);
      if (archive != null) Names.require("server", archive);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.FULL_BACKUP;
    }

    @Override
    public String workflowType() {
      return "FullBackup";
    }

    @Override
    public String workflowId() {
      return "full-backup/" + volume;
    }

    @Override
    public String summary() {
      return "full backup of " + volume;
    }
  }

  /**
   * @param time when the bytes were so
   * @param bytesRead bytes of the volume that were covered, zero ranges included
   * @param bytesSent payload bytes on the wire, those sent twice included
   * @param bytesResent payload bytes that were sent again after an interruption
   * @param proof what is known of writes to the source meanwhile (rule L10)
   */
  record Result(
      String volume,
      long gid,
      Instant time,
      long bytesRead,
      long bytesSent,
      long bytesResent,
      double seconds,
      Point.Proof proof) {
    static Result of(String volume, WorkResult.BackedUp done) {
      return new Result(
          volume,
          done.gid(),
          done.time(),
          done.bytesRead(),
          done.bytesSent(),
          done.bytesResent(),
          done.seconds(),
          done.proof());
    }
  }

  @WorkflowMethod(name = "FullBackup")
  Result run(Input input);
}
