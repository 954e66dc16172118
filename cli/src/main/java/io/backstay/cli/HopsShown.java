package io.backstay.cli;

import io.backstay.group.Hops;
import io.backstay.group.Lapse;
import io.backstay.group.StatusReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** How far the bytes of a volume are, one line for each server on their way. */
final class HopsShown {
  private HopsShown() {}

  static List<String> lines(Hops hops) {
    List<String> lines = new ArrayList<>();
    hops.storage().ifPresent(hop -> lines.add(line(hop.server(), sent(hop))));
    for (Hops.AtProxy proxy : hops.proxies())
      lines.add(
          line(
              proxy.server(),
              heard(proxy.state(), proxy.since())
                  .orElseGet(
                      () -> proxy.spool().map(HopsShown::spool).orElse("nothing of it yet"))));
    for (Hops.AtArchive archive : hops.archives())
      lines.add(
          line(
              archive.server(),
              heard(archive.state(), archive.since()).orElseGet(() -> kept(archive))));
    return lines;
  }

  private static String line(String server, String text) {
    return "%-9s %s".formatted(server + ":", text);
  }

  /** Empty where the server was heard: then it has more to say. */
  private static Optional<String> heard(StatusReport.State state, Optional<Instant> since) {
    if (state == StatusReport.State.UP) return Optional.empty();
    return Optional.of("unknown" + since.map(at -> " since " + Quantity.time(at)).orElse(""));
  }

  private static String sent(Hops.ToProxy hop) {
    String to =
        hop.proxy()
            .map("to %s"::formatted)
            .orElseGet(() ->
                "no proxy takes it"
                    + hop.failingSince().map(at -> " since " + Quantity.time(at)).orElse(""));
    // That nothing is left to be told of says nothing: what proxies hold is told by them.
    return "%s, %s%s"
        .formatted(
            to,
            hop.unsentBytes() == 0
                ? "all sent"
                : Quantity.bytes(hop.unsentBytes())
                    + " not sent"
                    + hop.lagSeconds().map(lag -> ", " + behind(lag)).orElse(""),
            hop.unarchivedBytes() == 0
                ? ""
                : ", %s not known to be in all archives"
                    .formatted(Quantity.bytes(hop.unarchivedBytes())));
  }

  private static String spool(Hops.Spool spool) {
    String all =
        spool.deliveries().stream().map(HopsShown::delivery).collect(Collectors.joining("; "));
    return "%d diffs, %s%s"
        .formatted(spool.diffs(), Quantity.bytes(spool.bytes()), all.isEmpty() ? "" : "; " + all);
  }

  private static String delivery(Hops.Delivery delivery) {
    if (delivery.diffs() == 0) return delivery.archive() + " has all";
    return "%s lacks %d, %s%s"
        .formatted(
            delivery.archive(),
            delivery.diffs(),
            behind(delivery.lagSeconds()),
            delivery.failingSince().map(at -> ", failing since " + Quantity.time(at)).orElse(""));
  }

  private static String kept(Hops.AtArchive archive) {
    String newest =
        archive
            .newestRestorable()
            .map(point -> "gid %d of %s".formatted(point.gid(), Quantity.time(point.time())))
            .orElse("nothing restorable");
    String age = archive.ageSeconds().map(seconds -> ", age " + Lapse.text(seconds)).orElse("");
    String behind =
        archive.behindDiffs() == 0 ? "" : ", behind by %d diffs".formatted(archive.behindDiffs());
    return newest + age + behind + archive.chain().map(HopsShown::chain).orElse("");
  }

  private static String chain(Hops.Chain chain) {
    return ", %d diffs, %s%s"
        .formatted(
            chain.diffs(),
            Quantity.bytes(chain.diffBytes()),
            chain.session().map(number -> ", session " + number).orElse(""));
  }

  private static String behind(long seconds) {
    return Lapse.text(seconds) + " behind";
  }
}
