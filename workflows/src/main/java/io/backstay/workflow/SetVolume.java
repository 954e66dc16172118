package io.backstay.workflow;

import io.backstay.model.Compression;
import io.backstay.model.Names;
import io.backstay.model.OnLogFull;
import io.backstay.model.OperationKind;
import io.backstay.model.ReleaseOn;
import io.backstay.policy.VolumeSettings;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Changes how the log of a volume is kept and sent, while it is used (rule M3). */
@WorkflowInterface
public interface SetVolume extends Run {
  /**
   * What is null stays as it is; fields as in {@link AddVolume.Input}.
   *
   * @param rateLimit of the log to the proxy; {@link #NONE} takes the limit away
   * @param diffRateLimit of the diffs from a proxy to an archive, likewise
   */
  record Input(
      String volume,
      List<String> proxies,
      ReleaseOn releaseOn,
      Compression compression,
      String rateLimit,
      String diffRateLimit,
      String cutInterval,
      OnLogFull onLogFull)
      implements RunInput {
    public static final String NONE = "none";

    public Input {
      Names.require("volume", volume);
      proxies = AddVolume.Input.names("proxies", proxies);
      limit(rateLimit);
      limit(diffRateLimit);
      AddVolume.Input.cutSeconds(cutInterval);
      if (Stream.of(
              proxies, releaseOn, compression, rateLimit, diffRateLimit, cutInterval, onLogFull)
          .allMatch(Objects::isNull))
        throw new IllegalArgumentException(
            "nothing to change was given: give at least one of proxies, releaseOn, compression, rateLimit, diffRateLimit, cutInterval, onLogFull");
    }

    private static Optional<Long> limit(String rate) {
      return Optional.ofNullable(rate)
          .map(text -> text.strip().equalsIgnoreCase(NONE) ? 0L : Rate.bytesPerSecond(text));
    }

    VolumeSettings.Wanted wanted() {
      return new VolumeSettings.Wanted(
          Optional.ofNullable(proxies),
          Optional.ofNullable(releaseOn),
          Optional.ofNullable(compression),
          limit(rateLimit),
          limit(diffRateLimit),
          AddVolume.Input.cutSeconds(cutInterval),
          Optional.ofNullable(onLogFull));
    }

    @Override
    public OperationKind kindOfRun() {
      return OperationKind.SET_VOLUME;
    }

    @Override
    public String workflowType() {
      return "SetVolume";
    }

    @Override
    public String workflowId() {
      return "set-volume/" + volume;
    }

    @Override
    public String summary() {
      return "change the settings of " + volume;
    }
  }

  /**
   * @param version of the volume's record from now on
   * @param changes empty where all was so already
   */
  record Result(String volume, long version, List<VolumeSettings.Change> changes) {}

  @WorkflowMethod(name = "SetVolume")
  Result run(Input input);
}
