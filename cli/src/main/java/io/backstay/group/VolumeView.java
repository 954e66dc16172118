package io.backstay.group;

import io.backstay.group.StatusReport.Newest;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One volume as its servers tell it. What is restorable, and how old that is, comes from the
 * archive that has it and from nobody else: neither that a run was successful nor that a proxy sent
 * something says that it can be restored.
 */
final class VolumeView {
  private final ProtectionRecord record;
  private final Heard heard;

  VolumeView(ProtectionRecord record, Heard heard) {
    this.record = record;
    this.heard = heard;
  }

  StatusReport.Volume report() {
    Optional<Reply.VolumeFacts> source = facts(record.storage());
    Optional<Reply.LogFacts> log = source.flatMap(Reply.VolumeFacts::log);
    Hops hops = hops(log);
    Hops.AtArchive primary = hops.archive(record.primary());
    return new StatusReport.Volume(
        record.volume(),
        record.kind(),
        source
            .map(Reply.VolumeFacts::sizeBytes)
            .filter(bytes -> bytes > 0)
            .orElse(record.sizeBytes()),
        source.map(Reply.VolumeFacts::state).orElse(StatusReport.State.UNKNOWN.name()),
        log.map(Reply.LogFacts::nbdUri),
        log.map(StatusReport.Log::of),
        primary.newestRestorable(),
        primary.upToDateAt(),
        primary.ageSeconds(),
        primary.since(),
        record.device(),
        record.storage(),
        record.archives(),
        record.primary(),
        proxies(),
        hops,
        new Troubles(record, heard).of(hops, log));
  }

  private List<String> proxies() {
    return record.shipping().map(Shipping::proxies).orElse(List.of());
  }

  private Optional<Reply.VolumeFacts> facts(String server) {
    return heard.facts(server, record.volume());
  }

  private Hops hops(Optional<Reply.LogFacts> log) {
    List<Hops.AtProxy> proxies = holders().map(this::atProxy).toList();
    return new Hops(
        log.flatMap(Reply.LogFacts::shipping)
            .map(facts -> Hops.ToProxy.of(record.storage(), facts, heard.now())),
        proxies,
        record.archives().stream().map(archive -> atArchive(archive, proxies)).toList());
  }

  /** A proxy that is no more in the record may still have diffs that no archive has. */
  private Stream<String> holders() {
    Stream<String> others =
        heard.volumes().keySet().stream()
            .filter(server -> facts(server).flatMap(Reply.VolumeFacts::spool).isPresent());
    return Stream.concat(proxies().stream(), others).distinct();
  }

  private Hops.AtProxy atProxy(String server) {
    return new Hops.AtProxy(
        server,
        heard.state(server),
        heard.unknownSince(server),
        facts(server)
            .flatMap(Reply.VolumeFacts::spool)
            .map(facts -> Hops.Spool.of(facts, heard.now())));
  }

  private Hops.AtArchive atArchive(String server, List<Hops.AtProxy> proxies) {
    Optional<Point> newest = facts(server).flatMap(Reply.VolumeFacts::newest);
    Optional<Reply.ChainFacts> chain = facts(server).flatMap(Reply.VolumeFacts::chain);
    Optional<Instant> upToDateAt =
        chain
            .flatMap(Reply.ChainFacts::upToDateAt)
            .or(() -> newest.map(point -> point.quietUntil().orElse(point.time())));
    List<Hops.Delivery> waiting =
        proxies.stream()
            .flatMap(proxy -> proxy.spool().stream())
            .flatMap(spool -> spool.deliveries().stream())
            .filter(delivery -> delivery.archive().equals(server))
            .toList();
    return new Hops.AtArchive(
        server,
        heard.state(server),
        heard.unknownSince(server),
        newest.map(point -> new Newest(point.gid(), point.time())),
        upToDateAt,
        upToDateAt.map(at -> Hops.age(at, heard.now())),
        waiting.stream().mapToInt(Hops.Delivery::diffs).sum(),
        waiting.stream().mapToLong(Hops.Delivery::bytes).sum(),
        chain.map(Hops.Chain::of));
  }
}
