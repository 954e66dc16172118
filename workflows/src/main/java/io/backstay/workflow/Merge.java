package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/**
 * Folds neighbouring diffs into as few as explicit snapshots and holds allow; the other points
 * between cannot be restored any more, so it needs a grant (rule K5).
 */
@WorkflowInterface
public interface Merge extends Run {
  /**
   * @param fromGid the first point that stays
   * @param toGid the last point that stays
   * @param archive server name; null for the volume's primary archive
   * @param grant see {@link Grants}; for the command "merge", target {@link #target}
   */
  record Input(String volume, Long fromGid, Long toGid, String archive, String grant)
      implements RunInput {
    public Input {
      Names.require("volume", volume);
      if (fromGid == null || toGid == null)
        throw new IllegalArgumentException(
            "fromGid and toGid were not both given: between which points?");
      if (fromGid < 0 || fromGid >= toGid)
        throw new IllegalArgumentException(
            "nothing is between gid %d and gid %d".formatted(fromGid, toGid));
      if (archive != null) Names.require("server", archive);
      Grants.decode(grant);
    }

    /** What a grant for it names. */
    public String target() {
      return "%d-%d".formatted(fromGid, toGid);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.MERGE;
    }

    @Override
    public String workflowType() {
      return "Merge";
    }

    @Override
    public String workflowId() {
      return "merge/" + volume;
    }

    @Override
    public String summary() {
      return "merge of %s from gid %d to gid %d".formatted(volume, fromGid, toGid);
    }
  }

  /**
   * @param diffsBefore in that range
   * @param pointsDestroyed that could be restored before
   */
  record Result(
      String volume,
      long fromGid,
      long toGid,
      String archive,
      int diffsBefore,
      int diffsAfter,
      long bytesBefore,
      long bytesAfter,
      long pointsDestroyed,
      double seconds) {}

  @WorkflowMethod(name = "Merge")
  Result run(Input input);
}
