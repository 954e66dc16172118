package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/**
 * Reads the image of a point as a restore would and compares it with the checksums at rest and the
 * hashes taken at the source; what differs ends the run as {@code verification-failed}.
 */
@WorkflowInterface
public interface VerifyRestore extends Run {
  /**
   * @param gid null for the newest point
   */
  record Input(String volume, Long gid) implements RunInput {
    public Input {
      Names.require("volume", volume);
      if (gid != null && gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.VERIFY;
    }

    @Override
    public String workflowType() {
      return "VerifyRestore";
    }

    @Override
    public String workflowId() {
      return "verify-restore/" + volume + (gid == null ? "" : "/" + gid);
    }

    @Override
    public String summary() {
      return "verification of %s at %s".formatted(volume, gid == null ? "newest" : "gid " + gid);
    }
  }

  /**
   * @param bytesCompared image bytes whose checksum and source hash were both found right
   */
  record Result(String volume, long gid, long bytesCompared, double seconds) {}

  @WorkflowMethod(name = "VerifyRestore")
  Result run(Input input);
}
