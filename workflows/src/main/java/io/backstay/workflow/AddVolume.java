package io.backstay.workflow;

import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.VolumeKind;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.List;
import java.util.Objects;

/** Puts a volume under protection: record at the catalog, then storage and archive take it. */
@WorkflowInterface
public interface AddVolume extends Run {
  /**
   * @param kind "plain"
   * @param device {@code [NODE:]/absolute/path} of the source
   * @param storage server name; null for the only one on the device's node
   * @param archive server name; null for the only one of the group
   */
  record Input(String volume, VolumeKind kind, String device, String storage, String archive)
      implements RunInput {
    public Input {
      Names.require("volume", volume);
      Objects.requireNonNull(kind, "no kind was given: write \"plain\"");
      Place.parse("device", device);
      if (storage != null) Names.require("server", storage);
      if (archive != null) Names.require("server", archive);
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.ADD_VOLUME;
    }

    @Override
    public String workflowType() {
      return "AddVolume";
    }

    @Override
    public String workflowId() {
      return "add-volume/" + volume;
    }

    @Override
    public String summary() {
      return "add volume %s, %s, %s".formatted(volume, kind.word(), device);
    }

    /** The step of the run in which that server takes the volume. */
    static String step(String server) {
      return "add-volume/" + server;
    }
  }

  record Result(
      String volume,
      VolumeKind kind,
      long sizeBytes,
      String device,
      String storage,
      List<String> archives) {
    static Result of(ProtectionRecord record) {
      return new Result(
          record.volume(),
          record.kind(),
          record.sizeBytes(),
          record.device(),
          record.storage(),
          record.archives());
    }
  }

  @WorkflowMethod(name = "AddVolume")
  Result run(Input input);
}
