package io.backstay.policy;

import io.backstay.model.Compression;
import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Shipping;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the log of a volume is kept and sent, as far as that may change while it is used.
 *
 * @param proxies in the order in which the storage tries them
 * @param bytesPerSecondMax of log from the storage; 0 for no limit
 * @param diffBytesPerSecondMax of diffs from a proxy to an archive; 0 for no limit
 * @param cutSeconds how often a cut is made while there are writes
 */
public record VolumeSettings(
    List<String> proxies,
    ReleaseOn releaseOn,
    Compression compression,
    long bytesPerSecondMax,
    long diffBytesPerSecondMax,
    int cutSeconds,
    OnLogFull onLogFull) {
  public VolumeSettings {
    proxies = List.copyOf(proxies);
  }

  /** What somebody wants to change; what is empty stays. Fields as in {@link VolumeSettings}. */
  public record Wanted(
      Optional<List<String>> proxies,
      Optional<ReleaseOn> releaseOn,
      Optional<Compression> compression,
      Optional<Long> bytesPerSecondMax,
      Optional<Long> diffBytesPerSecondMax,
      Optional<Integer> cutSeconds,
      Optional<OnLogFull> onLogFull) {}

  /**
   * One that is another now.
   *
   * @param setting by the name of its option
   * @param from for people, as {@code to}
   */
  public record Change(String setting, String from, String to) {}

  /** Of a volume that has a log. */
  public static VolumeSettings of(ProtectionRecord record) {
    Shipping shipping = record.shipping().orElseThrow();
    LogPlan log = record.log().orElseThrow();
    return new VolumeSettings(
        shipping.proxies(),
        shipping.releaseOn(),
        shipping.compression(),
        shipping.bytesPerSecondMax(),
        shipping.diffBytesPerSecondMax(),
        log.cutSeconds(),
        log.onFull());
  }

  VolumeSettings with(Wanted wanted) {
    return new VolumeSettings(
        wanted.proxies().orElse(proxies),
        wanted.releaseOn().orElse(releaseOn),
        wanted.compression().orElse(compression),
        wanted.bytesPerSecondMax().orElse(bytesPerSecondMax),
        wanted.diffBytesPerSecondMax().orElse(diffBytesPerSecondMax),
        wanted.cutSeconds().orElse(cutSeconds),
        wanted.onLogFull().orElse(onLogFull));
  }

  /** The next version of the record, with these. A proxy that goes may still have diffs. */
  ProtectionRecord next(ProtectionRecord record) {
    List<String> former =
        record.shipping().orElseThrow().allProxies().stream()
            .filter(proxy -> !proxies.contains(proxy))
            .toList();
    return record.withSettings(
        record.log().orElseThrow().with(onLogFull, cutSeconds),
        new Shipping(
            proxies, releaseOn, compression, bytesPerSecondMax, diffBytesPerSecondMax, former));
  }

  /** What is another in that. */
  List<Change> changesTo(VolumeSettings later) {
    Map<String, String> then = later.words();
    List<Change> changes = new ArrayList<>();
    words()
        .forEach((setting, now) -> {
          if (!now.equals(then.get(setting)))
            changes.add(new Change(setting, now, then.get(setting)));
        });
    return changes;
  }

  /** Each by the name of its option, for people, always in this order. */
  public Map<String, String> words() {
    Map<String, String> words = new LinkedHashMap<>();
    words.put("proxy", proxies.isEmpty() ? "none" : String.join(", ", proxies));
    words.put("release-on", releaseOn.word());
    words.put("compression", compression.toString());
    words.put("log-rate-limit", rate(bytesPerSecondMax));
    words.put("diff-rate-limit", rate(diffBytesPerSecondMax));
    words.put("cut-interval", Plan.span(Duration.ofSeconds(cutSeconds)));
    words.put("on-log-full", onLogFull.word());
    return words;
  }

  private static String rate(long bytesPerSecond) {
    return bytesPerSecond == 0 ? "none" : Plan.bytes(bytesPerSecond) + "/s";
  }
}
