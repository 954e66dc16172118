package io.backstay.group;

import io.backstay.group.StatusReport.Newest;
import io.backstay.group.StatusReport.State;
import io.backstay.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How far the bytes of a volume are on each hop of their way, as whoever is at the end of the hop
 * told just now.
 *
 * @param storage present while a log is kept for an archive
 * @param proxies those of the volume's record, in order; then others that hold diffs of it
 * @param archives those of the volume's record, in order
 */
public record Hops(Optional<ToProxy> storage, List<AtProxy> proxies, List<AtArchive> archives) {
  public Hops {
    proxies = List.copyOf(proxies);
    archives = List.copyOf(archives);
  }

  /** What is at one of the volume's archives. */
  public AtArchive archive(String server) {
    return archives.stream().filter(one -> one.server().equals(server)).findFirst().orElseThrow();
  }

  /**
   * From the storage to a proxy.
   *
   * @param proxy that takes the log now
   * @param unsentBytes of log that no proxy has
   * @param unarchivedBytes of log that is not known to be in all archives
   * @param lagSeconds age of the first write that no proxy has; 0 where they have all, empty where
   *     nobody knows
   * @param sent newest cut that a proxy has
   * @param failingSince since when no proxy takes the log, for which {@code trouble} is the reason
   */
  public record ToProxy(
      String server,
      Optional<String> proxy,
      long unsentBytes,
      long unarchivedBytes,
      Optional<Long> lagSeconds,
      Optional<Newest> sent,
      Optional<Instant> failingSince,
      Optional<String> trouble) {
    static ToProxy of(String server, Reply.ShippingFacts facts, Instant now) {
      return new ToProxy(
          server,
          facts.proxy(),
          facts.unsentBytes(),
          facts.unarchivedBytes(),
          facts.unsentBytes() == 0 ? Optional.of(0L) : facts.oldestUnsent().map(at -> age(at, now)),
          facts.sent().map(cut -> new Newest(cut.gid(), cut.time())),
          facts.failingSince(),
          facts.trouble());
    }
  }

  /**
   * @param since present with UNKNOWN: when it was last heard, if it ever was
   * @param spool empty where it was not heard, or never had anything of the volume
   */
  public record AtProxy(
      String server, State state, Optional<Instant> since, Optional<Spool> spool) {}

  /**
   * What a proxy holds of the volume.
   *
   * @param diffs that not all their archives have yet
   * @param putAside diffs that an archive will never take
   */
  public record Spool(
      int diffs, long bytes, Optional<Long> receivedGid, int putAside, List<Delivery> deliveries) {
    static Spool of(Reply.SpoolFacts facts, Instant now) {
      return new Spool(
          facts.diffs(),
          facts.bytes(),
          facts.receivedGid(),
          facts.putAside(),
          facts.deliveries().stream().map(one -> Delivery.of(one, now)).toList());
    }
  }

  /**
   * From a proxy to an archive.
   *
   * @param lagSeconds age of the oldest diff that waits; 0 where none does
   * @param failingSince of the first failure since the archive last took one: wdiff-send-error
   */
  public record Delivery(
      String archive,
      int diffs,
      long bytes,
      long lagSeconds,
      Optional<Instant> failingSince,
      Optional<String> trouble) {
    static Delivery of(Reply.Delivery facts, Instant now) {
      return new Delivery(
          facts.archive(),
          facts.diffs(),
          facts.bytes(),
          facts.oldest().map(oldest -> age(oldest, now)).orElse(0L),
          facts.failingSince(),
          facts.trouble());
    }
  }

  /**
   * What an archive has: evidence of it, and of nobody else.
   *
   * @param since present with UNKNOWN: when it was last heard, if it ever was
   * @param upToDateAt what is restorable there is the volume as it was then; empty where nothing is
   *     restorable, or it was not heard
   * @param ageSeconds how long ago that is
   * @param behindDiffs diffs that proxies hold for it, as far as they were heard
   * @param chain of a logged volume
   */
  public record AtArchive(
      String server,
      State state,
      Optional<Instant> since,
      Optional<Newest> newestRestorable,
      Optional<Instant> upToDateAt,
      Optional<Long> ageSeconds,
      int behindDiffs,
      long behindBytes,
      Optional<Chain> chain) {}

  /**
   * The diffs of a volume at an archive.
   *
   * @param pendingSessions whose diffs it takes although it does not follow them yet
   * @param latestGid that the unbroken chain reaches
   * @param missing why the chain does not go on although later diffs are there, in words
   */
  public record Chain(
      Optional<Integer> session,
      List<Integer> pendingSessions,
      int diffs,
      long diffBytes,
      Optional<Long> latestGid,
      Optional<String> missing) {
    static Chain of(Reply.ChainFacts facts) {
      return new Chain(
          facts.session(),
          facts.pending(),
          facts.diffs(),
          facts.diffBytes(),
          facts.latestGid(),
          facts.missing());
    }
  }

  /** Whole seconds; clocks of two nodes differ by a little, and nothing is younger than now. */
  static long age(Instant at, Instant now) {
    return Math.max(0, Duration.between(at, now).toSeconds());
  }
}
