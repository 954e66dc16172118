package io.backstay.catalog;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.server.Authorisation;
import io.backstay.server.RoleService;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The catalog of a group, on one node (rule K1): servers, protection records, reservations. Changed
 * by compare-and-set only; every answer is durable before it is given.
 *
 * <p>A command goes: {@link #answer} checks that the peer may ask, {@code CatalogRules} decides on
 * the newest state, {@code CatalogStore} makes the changes durable and gives the reply.
 */
public final class CatalogService implements RoleService {
  /** The log is replaced by a snapshot when it has grown to this size. */
  private static final long LOG_BYTES_MAX = 1024 * 1024;

  private final String group;
  private final Directory directory;
  private final RecordSigner signer;
  private final Time time;
  private final long logBytesMax;
  private volatile Optional<CatalogStore> store = Optional.empty();

  /**
   * @param directory for the catalog alone; nothing else may use it
   */
  public CatalogService(
      String group, Directory directory, RecordSigner signer, Time time, MeterRegistry metrics) {
    this(group, directory, signer, time, metrics, LOG_BYTES_MAX);
  }

  CatalogService(
      String group,
      Directory directory,
      RecordSigner signer,
      Time time,
      MeterRegistry metrics,
      long logBytesMax) {
    this.group = Objects.requireNonNull(group, "group");
    this.directory = Objects.requireNonNull(directory, "directory");
    this.signer = Objects.requireNonNull(signer, "signer");
    this.time = Objects.requireNonNull(time, "time");
    this.logBytesMax = logBytesMax;
    gauge(metrics, "revision", "changes since the group was made", open -> open.state().revision());
    gauge(metrics, "log.bytes", "size of the log since its last snapshot", CatalogStore::logBytes);
    gauge(
        metrics,
        "reservations",
        "volumes that a run may change now",
        open -> open.state().reservations().size());
  }

  private void gauge(
      MeterRegistry metrics, String name, String meaning, ToDoubleFunction<CatalogStore> value) {
    Gauge.builder(
            "backstay.catalog." + name, () -> store.map(value::applyAsDouble).orElse(Double.NaN))
        .description(meaning)
        .register(metrics);
  }

  @Override
  public void start() throws IOException {
    store = Optional.of(CatalogStore.open(directory, group, logBytesMax));
  }

  @Override
  public Reply answer(Peer peer, Command command) throws RefusedException, IOException {
    requireGroup(peer);
    return switch (command) {
      case Command.ForCatalog asked -> {
        authorise(peer, asked);
        yield store().answer(state -> CatalogRules.decide(state, asked, time.now(), signer));
      }
      case Command.ListVolumes _ -> new Reply.Volumes(List.of());
      case Command.ListOperations _ -> new Reply.Operations(List.of());
      default ->
          throw new RefusedException(
              RefusalCode.UNSUPPORTED,
              "a catalog does not know " + command.getClass().getSimpleName());
    };
  }

  private CatalogStore store() throws RefusedException {
    return store.orElseThrow(
        () -> new RefusedException(RefusalCode.STARTING, "the catalog is not started"));
  }

  private void requireGroup(Peer peer) throws RefusedException {
    if (peer.group().equals(group)) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.WRONG_GROUP, "this is the catalog of group " + group)
            .found("a certificate of group " + peer.group()));
  }

  /**
   * Whose certificate allows what (rule K5). A worker may not say which servers there are: it is
   * driven by whoever reaches Temporal. Every role of the group may read.
   */
  private static void authorise(Peer peer, Command.ForCatalog command) throws RefusedException {
    switch (command) {
      case Command.Reserve _,
          Command.Release _,
          Command.WriteProtection _,
          Command.RemoveProtection _ ->
          Authorisation.require(
              peer, "change who may do what with a volume", Role.OPERATOR, Role.WORKER);
      case Command.WriteServer _ ->
          Authorisation.require(peer, "change a server record", Role.OPERATOR, Role.CATALOG);
      case Command.ReadCatalog _ -> {}
    }
  }

  /** Nothing is pending: whatever was answered is durable. */
  @Override
  public void stop() {
    Optional<CatalogStore> closing = store;
    store = Optional.empty();
    closing.ifPresent(CatalogStore::close);
  }
}
