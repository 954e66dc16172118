package io.backstay.model;

import java.util.List;
import java.util.Objects;

/**
 * How the log of a volume gets to its archives (rules X1, X2).
 *
 * @param proxies server names, in the order in which the storage tries them; empty: the log is not
 *     sent
 * @param releaseOn who must have it before the storage lets go of it
 * @param compression of the wdiffs that proxies make
 * @param bytesPerSecondMax of log from the storage; 0 for no limit
 * @param diffBytesPerSecondMax of diffs from a proxy to an archive; 0 for no limit
 */
public record Shipping(
    List<String> proxies,
    ReleaseOn releaseOn,
    Compression compression,
    long bytesPerSecondMax,
    Long diffBytesPerSecondMax) {
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
    for (String proxy : proxies) Names.require("server", proxy);
    if (proxies.stream().distinct().count() != proxies.size())
      throw new IllegalArgumentException("a proxy stands twice in " + proxies);
    if (bytesPerSecondMax < 0 || diffBytesPerSecondMax < 0)
      throw new IllegalArgumentException(
          "rate limits %d, %d: one is negative"
              .formatted(bytesPerSecondMax, diffBytesPerSecondMax));
  }

  /** As usual, by way of these. */
  public static Shipping by(List<String> proxies) {
    return new Shipping(proxies, ReleaseOn.PROXY, Compression.DEFAULT, 0, 0L);
  }
}
