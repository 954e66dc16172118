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
   * @param archive server name; null for the volume's primary archive
   */
  record Input(String volume, Long gid, String archive) implements RunInput {
    public Input {
      Names.require("volume", volume);
      if (gid != null && gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
      if (archive != null) Names.require("server", archive);
    }

    /** At the primary archive. */
    public Input(String volume, Long gid) {
      this(volume, gid, null);
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
      String point = gid == null ? "" : "/" + gid;
      return "verify-restore/" + volume + point + (archive == null ? "" : "/" + archive);
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
