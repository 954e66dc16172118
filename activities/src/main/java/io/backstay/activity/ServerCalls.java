package io.backstay.activity;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.temporal.activity.Activity;
import io.temporal.failure.ApplicationFailure;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Calls of activities to servers: a refusal and an unreachable server become failures that Temporal
 * shows, retries or not, as the refusal's advice says (rule K4).
 */
public final class ServerCalls {
  private final Servers servers;

  public ServerCalls(Servers servers) {
    this.servers = servers;
  }

  /**
   * The reply of the expected kind.
   *
   * @throws ApplicationFailure {@link RefusalFailure} of a refusal or of {@code unreachable}
   */
  public <T extends Reply> T ask(String server, Command command, Class<T> expected) {
    Reply reply = asked(server, command);
    if (expected.isInstance(reply)) return expected.cast(reply);
    throw unexpected(command.getClass().getSimpleName() + " at " + server, reply);
  }

  /** A refusal, or an answer of another kind than was asked for. */
  private static ApplicationFailure unexpected(String attempted, Reply reply) {
    if (reply instanceof Reply.Refused refused) return failure(refused);
    return RefusalFailure.of(
        Refusal.of(RefusalCode.OTHER, "a server gave an answer of another kind")
            .attempted(attempted)
            .found(reply.getClass().getSimpleName())
            .next("compare the releases of worker and server"));
  }

  static ApplicationFailure unexpected(OperationActivities.Order order, Reply reply) {
    return unexpected(
        "%s of %s at %s".formatted(order.work().kind().word(), order.volume(), order.server()),
        reply);
  }

  /** The reply, which may be a refusal. */
  public Reply asked(String server, Command command) {
    try {
      return servers.call(server, command);
    } catch (IOException e) {
      throw unreachable(command.getClass().getSimpleName() + " at " + server, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Activity.wrap(e);
    }
  }

  /** Whoever lost its reservation learns it under one name (rule K2). */
  static ApplicationFailure failure(Reply.Refused refused) {
    Refusal refusal = refused.refusal();
    if (refusal.code().advice() == RefusalCode.Advice.FENCED) {
      return RefusalFailure.of(
          new Refusal(
              RefusalCode.SUPERSEDED,
              "another run took the volume over; this one ends and undoes nothing",
              refusal.attempted(),
              "%s: %s %s".formatted(refusal.code().word(), refusal.message(), refusal.found()),
              "backstay run list shows the other one"));
    }
    Optional<Reservation> holder = refused.holder();
    return holder.isPresent()
        ? RefusalFailure.of(refusal, holder.get())
        : RefusalFailure.of(refusal);
  }

  private static ApplicationFailure unreachable(String attempted, IOException e) {
    return RefusalFailure.of(
        Refusal.of(RefusalCode.UNREACHABLE, String.valueOf(e.getMessage()))
            .attempted(attempted)
            .next("it is tried again until the server is back"));
  }

  /** The newest copy of the catalog that can be had (rule K1). */
  public CatalogView catalog() {
    try {
      return servers.catalog();
    } catch (IOException e) {
      throw unreachable("read the catalog", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Activity.wrap(e);
    }
  }

  /** The catalog's server name. */
  String catalogServer() {
    return catalog().servers(Role.CATALOG).stream()
        .map(ServerRecord::name)
        .findFirst()
        .orElseThrow(() ->
            RefusalFailure.of(
                Refusal.of(RefusalCode.STARTING, "no catalog server is known yet")
                    .attempted("read the catalog")
                    .next("backstay status shows the servers of the group")));
  }

  /**
   * The record of a volume. A copy of the catalog that does not know it may be old, so the catalog
   * itself is asked before it is refused as {@code unknown-volume}, with the names there are (rule
   * F3).
   */
  public ProtectionRecord volume(String name) {
    ProtectionRecord known = catalog().volumes().get(name);
    if (known != null) return known;
    Reply.CatalogRecords records =
        ask(catalogServer(), new Command.ReadCatalog(), Reply.CatalogRecords.class);
    TreeSet<String> names = new TreeSet<>();
    for (Signed signed : records.protections()) {
      ProtectionRecord record = read(signed);
      if (record.volume().equals(name)) return record;
      names.add(record.volume());
    }
    throw RefusalFailure.of(
        Refusal.of(RefusalCode.UNKNOWN_VOLUME, "there is no volume '%s'".formatted(name))
            .attempted("find the record of " + name)
            .found(names.isEmpty() ? "no volumes at all" : "volumes " + String.join(", ", names))
            .next("backstay volume add " + name + " puts it under protection"));
  }

  private static ProtectionRecord read(Signed signed) {
    try {
      return Cbor.read(signed.content().toArray(), ProtectionRecord.class);
    } catch (IOException e) {
      throw RefusalFailure.of(
          Refusal.of(RefusalCode.OTHER, "a record of the catalog cannot be read")
              .found(String.valueOf(e.getMessage()))
              .next("compare the releases of worker and catalog"));
    }
  }
}
