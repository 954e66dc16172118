package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.backstay.policy.ChosenPoint;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Instant;

/**
 * Reads the image of a point as a restore would and compares it with the checksums at rest and the
 * hashes taken at the source; what differs ends the run as {@code verification-failed}.
 */
@WorkflowInterface
public interface VerifyRestore extends Run {
  /**
   * Which point as in {@link WhichPoint}.
   *
   * @param gid null for what the others say
   */
  record Input(String volume, Long gid, Instant at, String label, String maxGap)
      implements RunInput {
    public Input(String volume, Long gid) {
      this(volume, gid, null, null, null);
    }

    public Input {
      Names.require("volume", volume);
      new WhichPoint(gid, at, label, maxGap);
    }

    WhichPoint which() {
      return new WhichPoint(gid, at, label, maxGap);
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
      String id = "verify-restore/" + volume;
      if (gid != null) return id + "/" + gid;
      if (label != null) return id + "/label/" + label;
      return at == null ? id : id + "/" + at;
    }

    @Override
    public String summary() {
      return "verification of %s at %s".formatted(volume, which());
    }
  }

  /**
   * @param bytesCompared image bytes whose checksum and source hash were both found right
   * @param time of the point; null where the run began under an earlier release
   * @param gapSeconds from that time to the one that was asked for (rule M4); null where none was
   * @param gapEvidence why the point stands for the time that was asked for; null where none was
   */
  record Result(
      String volume,
      long gid,
      long bytesCompared,
      double seconds,
      Instant time,
      Double gapSeconds,
      ChosenPoint.Evidence gapEvidence) {}

  @WorkflowMethod(name = "VerifyRestore")
  Result run(Input input);
}
