package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** Makes a volume larger while it is used: its archives first, then its storage (rule L9). */
@WorkflowInterface
public interface Resize extends Run {
  /**
   * @param sizeBytes what the volume is to have, at least what it has; of a logged volume a
   *     multiple of 4096, of a plain one of 512
   */
  record Input(String volume, Long sizeBytes) implements RunInput {
    private static final int SECTOR_BYTES = 512;

    public Input {
      Names.require("volume", volume);
      if (sizeBytes == null)
        throw new IllegalArgumentException("no size was given: write \"sizeBytes\"");
      if (sizeBytes <= 0 || sizeBytes % SECTOR_BYTES != 0)
        throw new IllegalArgumentException(
            "the size of a volume is a multiple of 4096, or of 512 where it is plain, not "
                + sizeBytes);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.RESIZE;
    }

    @Override
    public String workflowType() {
      return "Resize";
    }

    @Override
    public String workflowId() {
      return "resize/" + volume;
    }

    @Override
    public String summary() {
      return "resize %s to %d bytes".formatted(volume, sizeBytes);
    }
  }

  /**
   * @param formerBytes what it had when the run began; the same where nothing was to do
   */
  record Result(String volume, long sizeBytes, long formerBytes) {}

  @WorkflowMethod(name = "Resize")
  Result run(Input input);
}
