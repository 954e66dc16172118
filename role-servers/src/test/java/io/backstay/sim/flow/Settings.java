package io.backstay.sim.flow;

import io.backstay.model.Compression;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Shipping;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * How volumes are kept and sent from some time on, by chance of its own: a world whose settings do
 * not change is what it would be without this class.
 */
final class Settings {
  private final boolean change;
  private final RandomGenerator random;

  /** In one world of seven they change. */
  Settings(long seed) {
    this.change = seed % 7 == 0;
    this.random = new SplittableRandom(seed);
  }

  boolean isTime() {
    return change && random.nextInt(4) == 0;
  }

  /**
   * What becomes of the record that the catalog has.
   *
   * @param first the volume's first record, which names all proxies of the group
   */
  UnaryOperator<ProtectionRecord> next(ProtectionRecord first) {
    List<String> proxies = someOf(first.shipping().orElseThrow().proxies());
    ReleaseOn releaseOn = random.nextInt(3) == 0 ? ReleaseOn.ARCHIVE : ReleaseOn.PROXY;
    Compression compression = random.nextBoolean() ? Compression.NONE : Compression.DEFAULT;
    long rate = random.nextInt(6) == 0 ? 64 << 10 : 0;
    int cutSeconds = 1 + random.nextInt(8);
    return now -> {
      LogPlan log = now.log().orElseThrow();
      List<String> former = former(now.shipping().orElseThrow(), proxies);
      return now.withSettings(
          log.with(log.onFull(), cutSeconds),
          new Shipping(proxies, releaseOn, compression, rate, 0L, former));
    };
  }

  private static List<String> former(Shipping now, List<String> proxies) {
    return now.allProxies().stream().filter(proxy -> !proxies.contains(proxy)).toList();
  }

  /** In another order, or without one. */
  private List<String> someOf(List<String> all) {
    List<String> some = new ArrayList<>(all);
    if (some.size() > 1 && random.nextInt(3) > 0) some.remove(random.nextInt(some.size()));
    return random.nextBoolean() ? some.reversed() : some;
  }
}
