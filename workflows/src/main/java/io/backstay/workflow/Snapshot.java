package io.backstay.workflow;

import io.backstay.model.Cut;
import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Instant;
import java.util.Objects;

/**
 * Names a moment of a logged volume and waits until an archive can restore it (rule M1). Reserves
 * nothing (rule K2).
 */
@WorkflowInterface
public interface Snapshot extends Run {
  /**
   * @param label a word for it, not unique; null for none
   * @param await false: the run is over when the snapshot is taken; null for true
   * @param request a word of whoever asks, by which one snapshot is known from another that is
   *     asked for at the same time; null where the workflow id does that
   */
  record Input(String volume, String label, Boolean await, String request) implements RunInput {
    public Input {
      Names.require("volume", volume);
      await = Objects.requireNonNullElse(await, true);
      if (label != null && (label.isBlank() || label.length() > Cut.LABEL_CHARACTERS_MAX))
        throw new IllegalArgumentException(
            "a label has 1 to %d characters, not '%s'".formatted(Cut.LABEL_CHARACTERS_MAX, label));
      if (request != null) Names.require("request", request);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.SNAPSHOT;
    }

    @Override
    public String workflowType() {
      return "Snapshot";
    }

    @Override
    public String workflowId() {
      return "snapshot/" + volume + (request == null ? "" : "/" + request);
    }

    @Override
    public String summary() {
      return "snapshot of %s%s".formatted(volume, label == null ? "" : ", " + label);
    }
  }

  /**
   * @param time nothing that was written after it is in it
   * @param restorable whether an archive said that it can restore it
   * @param archive that said so; null where nobody waited for it
   */
  record Result(
      String volume, long gid, Instant time, String label, boolean restorable, String archive) {}

  @WorkflowMethod(name = "Snapshot")
  Result run(Input input);
}
