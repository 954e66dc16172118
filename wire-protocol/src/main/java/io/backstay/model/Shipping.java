package io.backstay.model;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * How the log of a volume gets to its archives (rules X1, X2).
 *
 * @param proxies server names, in the order in which the storage tries them; empty: the log is not
 *     sent
 * @param releaseOn who must have it before the storage lets go of it
 * @param compression of the wdiffs that proxies make
 * @param bytesPerSecondMax of log from the storage; 0 for no limit
 * @param diffBytesPerSecondMax of diffs from a proxy to an archive; 0 for no limit
 * @param formerProxies who stood in {@code proxies} once: they get no log any more, but bring what
 *     they still have to the archives
 */
public record Shipping(
    List<String> proxies,
    ReleaseOn releaseOn,
    Compression compression,
    long bytesPerSecondMax,
    Long diffBytesPerSecondMax,
    List<String> formerProxies) {
  public Shipping(
      List<String> proxies,
      ReleaseOn releaseOn,
      Compression compression,
      long bytesPerSecondMax,
      Long diffBytesPerSecondMax) {
    this(proxies, releaseOn, compression, bytesPerSecondMax, diffBytesPerSecondMax, List.of());
  }

  /** Diffs go as fast as they can. */
  public Shipping(
      List<String> proxies, ReleaseOn releaseOn, Compression compression, long bytesPerSecondMax) {
    this(proxies, releaseOn, compression, bytesPerSecondMax, 0L);
  }

  public static final Shipping NONE =
      new Shipping(List.of(), ReleaseOn.PROXY, Compression.DEFAULT, 0, 0L);

  public Shipping {
    proxies = List.copyOf(proxies);
    releaseOn = Objects.requireNonNullElse(releaseOn, ReleaseOn.PROXY);
    compression = Objects.requireNonNullElse(compression, Compression.DEFAULT);
    diffBytesPerSecondMax = Objects.requireNonNullElse(diffBytesPerSecondMax, 0L);
    formerProxies = formerProxies == null ? List.of() : List.copyOf(formerProxies);
    List<String> all = Stream.concat(proxies.stream(), formerProxies.stream()).toList();
    for (String proxy : all) Names.require("server", proxy);
    if (all.stream().distinct().count() != all.size())
      throw new IllegalArgumentException("a proxy stands twice in " + all);
    if (bytesPerSecondMax < 0 || diffBytesPerSecondMax < 0)
      throw new IllegalArgumentException(
          "rate limits %d, %d: one is negative"
              .formatted(bytesPerSecondMax, diffBytesPerSecondMax));
  }

  /** All proxies that may have diffs of the volume. */
  public List<String> allProxies() {
    return Stream.concat(proxies.stream(), formerProxies.stream()).toList();
  }

  /** As usual, by way of these. */
  public static Shipping by(List<String> proxies) {
    return new Shipping(proxies, ReleaseOn.PROXY, Compression.DEFAULT, 0, 0L);
  }
}
