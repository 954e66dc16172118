package io.backstay.workflow;

import io.backstay.model.Compression;
import io.backstay.model.LogPlan;
import io.backstay.model.Names;
import io.backstay.model.OnLogFull;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.policy.AddVolumePlan;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Puts a volume under protection: record at the catalog, then storage and archives take it. */
@WorkflowInterface
public interface AddVolume extends Run {
  /**
   * @param kind "plain" or "logged"
   * @param device {@code [NODE:]/absolute/path} of the source; of a logged volume its data device,
   *     null for one that the storage makes
   * @param storage server name; null for the only one on the device's node
   * @param archive server name; null for the only one of the group
   * @param sizeBytes of a logged volume whose data device the storage makes, a multiple of 4096
   * @param log absolute path of the log device of a logged volume; null for one that the storage
   *     makes
   * @param logBytes of a log that is made; null for an eighth of the volume
   * @param tailBytes memory for the newest writes; null for 64 MiB
   * @param onLogFull "overflow", which null stands for, or "block"
   * @param archives server names, the first is the primary; instead of {@code archive}
   * @param proxies by way of which the log goes, in the order in which the storage tries them; null
   *     for all of the group, in order of name
   * @param releaseOn who must have the log before the storage lets go of it: "proxy", which null
   *     stands for, or "archive"
   * @param compression of the diffs: "snappy", which null stands for, "zstd:3" and so on
   * @param rateLimit of the log to the proxy, see {@link Rate}; null for none
   * @param diffRateLimit of the diffs from a proxy to an archive, likewise
   * @param cutInterval how often a cut is made, see {@link Span}: whole seconds; null for 5 s
   */
  record Input(
      String volume,
      VolumeKind kind,
      String device,
      String storage,
      String archive,
      Long sizeBytes,
      String log,
      Long logBytes,
      Long tailBytes,
      OnLogFull onLogFull,
      List<String> archives,
      List<String> proxies,
      ReleaseOn releaseOn,
      Compression compression,
      String rateLimit,
      String diffRateLimit,
      String cutInterval)
      implements RunInput {
    private static final int BLOCK_BYTES = 4096;

    /** Of a plain volume. */
    public Input(String volume, VolumeKind kind, String device, String storage, String archive) {
      this(
          volume, kind, device, storage, archive, null, null, null, null, null, null, null, null,
          null, null, null, null);
    }

    public Input {
      Names.require("volume", volume);
      Objects.requireNonNull(kind, "no kind was given: write \"plain\" or \"logged\"");
      if (kind == VolumeKind.PLAIN) {
        Place.parse("device", device);
        if (Stream.of(
                sizeBytes,
                log,
                logBytes,
                tailBytes,
                onLogFull,
                proxies,
                releaseOn,
                compression,
                rateLimit,
                diffRateLimit,
                cutInterval)
            .anyMatch(Objects::nonNull))
          throw new IllegalArgumentException("a plain volume has a device and nothing more");
      } else {
        if (device != null) Place.parse("device", device);
        checkSize(device, sizeBytes);
        Rate.bytesPerSecond(rateLimit);
        Rate.bytesPerSecond(diffRateLimit);
        cutSeconds(cutInterval);
      }
      if (storage != null) Names.require("server", storage);
      if (archive != null) Names.require("server", archive);
      if (archive != null && archives != null)
        throw new IllegalArgumentException("give \"archives\" or \"archive\", not both");
      archives = names("archives", archives);
      proxies = names("proxies", proxies);
    }

    static List<String> names(String field, List<String> servers) {
      if (servers == null) return null;
      servers.forEach(server -> Names.require("server", server));
      if (servers.isEmpty() || servers.stream().distinct().count() != servers.size())
        throw new IllegalArgumentException(
            "\"%s\" is a list of different servers, not %s".formatted(field, servers));
      return List.copyOf(servers);
    }

    static Optional<Integer> cutSeconds(String cutInterval) {
      if (cutInterval == null) return Optional.empty();
      Duration interval = Span.parse(cutInterval);
      if (interval.toNanosPart() != 0
          || interval.toSeconds() < 1
          || interval.toSeconds() > LogPlan.CUT_SECONDS_MAX)
        throw new IllegalArgumentException(
            "a cut interval is whole seconds, 1 to %d, not %s"
                .formatted(LogPlan.CUT_SECONDS_MAX, cutInterval));
      return Optional.of((int) interval.toSeconds());
    }

    private static void checkSize(String device, Long sizeBytes) {
      if ((device == null) == (sizeBytes == null))
        throw new IllegalArgumentException(
            "a logged volume has either a size or a data device, not both and not none");
      if (sizeBytes != null && (sizeBytes <= 0 || sizeBytes % BLOCK_BYTES != 0))
        throw new IllegalArgumentException(
            "the size of a logged volume is a multiple of %d, not %d"
                .formatted(BLOCK_BYTES, sizeBytes));
    }

    AddVolumePlan.Wanted wanted() {
      Optional<Place> place = Optional.ofNullable(device).map(it -> Place.parse("device", it));
      Optional<AddVolumePlan.WantedLog> wantedLog =
          kind == VolumeKind.PLAIN
              ? Optional.empty()
              : Optional.of(
                  new AddVolumePlan.WantedLog(
                      Optional.ofNullable(log),
                      Optional.ofNullable(logBytes),
                      Optional.ofNullable(tailBytes),
                      Optional.ofNullable(onLogFull),
                      cutSeconds(cutInterval),
                      new Shipping(
                          Objects.requireNonNullElse(proxies, List.of()),
                          releaseOn,
                          compression,
                          Rate.bytesPerSecond(rateLimit),
                          Rate.bytesPerSecond(diffRateLimit))));
      return new AddVolumePlan.Wanted(
          volume,
          kind,
          place.flatMap(Place::node),
          place.map(Place::path),
          Optional.ofNullable(sizeBytes),
          wantedLog,
          Optional.ofNullable(storage),
          archives != null ? archives : archive != null ? List.of(archive) : List.of());
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
      String what = device == null ? sizeBytes + " bytes" : device;
      return "add volume %s, %s, %s".formatted(volume, kind.word(), what);
    }

    /** The step of the run in which that server takes the volume. */
    static String step(String server) {
      return "add-volume/" + server;
    }
  }

  /**
   * @param proxies by way of which its log goes; empty for a plain volume
   */
  record Result(
      String volume,
      VolumeKind kind,
      long sizeBytes,
      String device,
      String storage,
      List<String> archives,
      List<String> proxies) {
    static Result of(ProtectionRecord record) {
      return new Result(
          record.volume(),
          record.kind(),
          record.sizeBytes(),
          record.device(),
          record.storage(),
          record.archives(),
          record.shipping().map(Shipping::proxies).orElse(List.of()));
    }
  }

  @WorkflowMethod(name = "AddVolume")
  Result run(Input input);
}
