package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.backstay.policy.ChosenPoint;
import io.backstay.wire.Cbor;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Instant;
import java.util.Objects;

/** Writes the image of a point to a file or block device. Works without the catalog (rule K2). */
@WorkflowInterface
public interface Restore extends Run {
  /**
   * At most one of gid, at and label; with none of them the newest point is meant.
   *
   * @param at the newest point that is the volume at this moment (rule M4)
   * @param maxGap how much older the point may be than {@code at}: "15m"; null for the volume's own
   * @param to {@code [NODE:]/absolute/path}
   * @param overwrite true: a target that is not empty may be written; then a grant is needed
   * @param rateLimit "100MiB/s"; null for no limit
   * @param archive server name; null for the volume's primary archive
   * @param grant see {@link Grants}
   */
  record Input(
      String volume,
      Long gid,
      Instant at,
      String label,
      String maxGap,
      String to,
      Boolean overwrite,
      String rateLimit,
      String archive,
      String grant)
      implements RunInput {
    /** Temporal's own limit of an id is 1000. */
    private static final int TARGET_CHARACTERS_MAX = 800;

    public Input {
      Names.require("volume", volume);
      overwrite = Objects.requireNonNullElse(overwrite, false);
      new WhichPoint(gid, at, label, maxGap);
      Place.parse("target", to);
      Rate.bytesPerSecond(rateLimit);
      if (archive != null) Names.require("server", archive);
      Grants.decode(grant);
    }

    /** From the primary archive. */
    public Input(
        String volume,
        Long gid,
        Instant at,
        String label,
        String maxGap,
        String to,
        Boolean overwrite,
        String rateLimit,
        String grant) {
      this(volume, gid, at, label, maxGap, to, overwrite, rateLimit, null, grant);
    }

    WhichPoint which() {
      return new WhichPoint(gid, at, label, maxGap);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.RESTORE;
    }

    @Override
    public String workflowType() {
      return "Restore";
    }

    /** Made of the target's text, so that one target is written by one run at a time. */
    @Override
    public String workflowId() {
      String target = to.length() <= TARGET_CHARACTERS_MAX ? to : "/" + Cbor.hash(to);
      return "restore/" + volume + (target.startsWith("/") ? "" : "/") + target;
    }

    @Override
    public String summary() {
      return "restore of %s to %s".formatted(volume, to);
    }
  }

  /**
   * @param path the path on its node, with the node in front if the input named one
   * @param bytesWritten payload bytes written; zero ranges of an empty target are not written
   * @param sha256 null: a restore does not read back what it wrote
   * @param time of the point: the volume is in the target as it was then
   * @param gapSeconds from that time to the one that was asked for (rule M4); null where none was
   * @param gapEvidence why the point stands for the time that was asked for; null where none was
   */
  record Result(
      String volume,
      long gid,
      String path,
      long bytesWritten,
      long sizeBytes,
      double seconds,
      String sha256,
      Instant time,
      Double gapSeconds,
      ChosenPoint.Evidence gapEvidence) {}

  @WorkflowMethod(name = "Restore")
  Result run(Input input);
}
