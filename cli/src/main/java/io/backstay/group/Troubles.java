package io.backstay.group;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.policy.Plan;
import io.backstay.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What somebody has to look at, in one sentence each, along the way of the bytes: who was not
 * heard, what each server says itself, what does not get on.
 */
final class Troubles {
  /** What waits for less than that is on its way. */
  static final Duration LATE = Duration.ofMinutes(1);

  private final ProtectionRecord record;
  private final Heard heard;
  private final List<String> found = new ArrayList<>();

  Troubles(ProtectionRecord record, Heard heard) {
    this.record = record;
    this.heard = heard;
  }

  /**
   * @param log as the storage tells it
   */
  List<String> of(Hops hops, Optional<Reply.LogFacts> log) {
    List<String> parties =
        Stream.of(
                Stream.of(record.storage()),
                hops.proxies().stream().map(Hops.AtProxy::server),
                hops.archives().stream().map(Hops.AtArchive::server))
            .flatMap(Function.identity())
            .toList();
    parties.forEach(this::unanswered);
    for (String server : parties)
      heard
          .facts(server, record.volume())
          .flatMap(Reply.VolumeFacts::trouble)
          .ifPresent(found::add);
    hops.storage().ifPresent(this::toProxy);
    log.ifPresent(this::fill);
    hops.proxies().forEach(this::atProxy);
    hops.archives().forEach(this::atArchive);
    return List.copyOf(found);
  }

  private void unanswered(String server) {
    if (heard.state(server) == StatusReport.State.UP) return;
    String since =
        heard
            .unknownSince(server)
            .map(last -> " since " + time(last))
            .orElse(", it was never seen");
    found.add("unknown at " + server + since);
  }

  private void toProxy(Hops.ToProxy hop) {
    if (hop.failingSince().isPresent()) {
      found.add(
          "no proxy takes its log since %s%s, %s is not sent"
              .formatted(
                  time(hop.failingSince().get()),
                  why(hop.trouble()),
                  Plan.bytes(hop.unsentBytes())));
      return;
    }
    Optional<String> first =
        record.shipping().map(Shipping::proxies).stream().flatMap(List::stream).findFirst();
    if (hop.proxy().isEmpty()) hop.trouble().ifPresent(found::add);
    else if (!hop.proxy().equals(first))
      found.add(
          "%s takes its log in place of %s%s"
              .formatted(hop.proxy().get(), first.orElse("none"), why(hop.trouble())));
    if (hop.lagSeconds().filter(lag -> lag > LATE.toSeconds()).isPresent())
      found.add(
          "%s of its log is not sent, the first of it is %s old"
              .formatted(Plan.bytes(hop.unsentBytes()), Lapse.text(hop.lagSeconds().get())));
  }

  /** A log that is released as fast as it grows is never over half full. */
  private void fill(Reply.LogFacts log) {
    boolean stuck = log.shipping().flatMap(Reply.ShippingFacts::failingSince).isPresent();
    boolean overHalf = log.usedBytes() > log.capacityBytes() / 2;
    if (log.secondsToFull().isEmpty() || !stuck && !overHalf) return;
    found.add(
        "its log is full in %s: %s of %s used"
            .formatted(
                Lapse.text(log.secondsToFull().get()),
                Plan.bytes(log.usedBytes()),
                Plan.bytes(log.capacityBytes())));
  }

  private void atProxy(Hops.AtProxy proxy) {
    if (proxy.spool().isEmpty()) return;
    Hops.Spool spool = proxy.spool().get();
    for (Hops.Delivery delivery : spool.deliveries()) {
      String waiting =
          "%d diffs, %s wait at %s, the oldest for %s"
              .formatted(
                  delivery.diffs(),
                  Plan.bytes(delivery.bytes()),
                  proxy.server(),
                  Lapse.text(delivery.lagSeconds()));
      if (delivery.failingSince().isPresent())
        found.add(
            "%s cannot send to %s since %s%s; %s"
                .formatted(
                    proxy.server(),
                    delivery.archive(),
                    time(delivery.failingSince().get()),
                    why(delivery.trouble()),
                    waiting));
      else if (delivery.lagSeconds() > LATE.toSeconds())
        found.add("%s is behind: %s".formatted(delivery.archive(), waiting));
    }
    if (spool.putAside() > 0)
      found.add(
          "%s keeps %d diffs aside that an archive never takes: look why, in its log"
              .formatted(proxy.server(), spool.putAside()));
  }

  private void atArchive(Hops.AtArchive archive) {
    archive
        .chain()
        .flatMap(Hops.Chain::missing)
        .ifPresent(
            gap -> found.add("%s has a gap in its chain: %s".formatted(archive.server(), gap)));
  }

  private static String why(Optional<String> trouble) {
    return trouble.map(reason -> ": " + reason).orElse("");
  }

  private static String time(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
