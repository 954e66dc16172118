package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Instant;

/**
 * Folds the diffs up to a point into the base image; what was before it cannot be restored any
 * more, so it needs a grant (rule K5).
 */
@WorkflowInterface
public interface Apply extends Run {
  /**
   * One of gid, at and label.
   *
   * @param at the newest point that is the volume at this moment (rule M4)
   * @param maxGap how much older the point may be than {@code at}: "15m"; null for the volume's own
   * @param archive server name; null for the volume's primary archive
   * @param grant see {@link Grants}; for the command "apply", target the gid in decimal
   */
  record Input(
      String volume,
      Long gid,
      Instant at,
      String label,
      String maxGap,
      String archive,
      String grant)
      implements RunInput {
    public Input {
      Names.require("volume", volume);
      new WhichPoint(gid, at, label, maxGap).requireNamed();
      if (archive != null) Names.require("server", archive);
      Grants.decode(grant);
    }

    WhichPoint which() {
      return new WhichPoint(gid, at, label, maxGap);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.APPLY;
    }

    @Override
    public String workflowType() {
      return "Apply";
    }

    @Override
    public String workflowId() {
      return "apply/" + volume;
    }

    @Override
    public String summary() {
      return "apply of %s up to %s".formatted(volume, which());
    }
  }

  /**
   * @param gid of the oldest point from now on, which may be less than was asked for where no diff
   *     ends exactly there
   * @param diffs that are part of the base image now
   * @param pointsDestroyed that could be restored before
   */
  record Result(
      String volume,
      long gid,
      String archive,
      int diffs,
      long pointsDestroyed,
      long bytesFreed,
      double seconds) {}

  @WorkflowMethod(name = "Apply")
  Result run(Input input);
}
