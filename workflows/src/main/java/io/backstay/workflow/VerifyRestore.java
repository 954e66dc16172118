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
   * @param archive server name; null for the volume's primary archive
   */
  record Input(String volume, Long gid, Instant at, String label, String maxGap, String archive)
      implements RunInput {
    /** At the primary archive. */
    public Input(String volume, Long gid) {
      this(volume, gid, null);
    }

    public Input(String volume, Long gid, String archive) {
      this(volume, gid, null, null, null, archive);
    }

    public Input {
      Names.require("volume", volume);
      new WhichPoint(gid, at, label, maxGap);
      if (archive != null) Names.require("server", archive);
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
      String id = "verify-restore/" + volume + point();
      return archive == null ? id : id + "/" + archive;
    }

    private String point() {
      if (gid != null) return "/" + gid;
      if (label != null) return "/label/" + label;
      return at == null ? "" : "/" + at;
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
