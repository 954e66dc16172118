package io.backstay.policy;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.seam.DeviceFacts;
import io.backstay.wire.CatalogView;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The record of a new volume and who must take it.
 *
 * @param record of version 1, or the one that an earlier run left half registered
 * @param servers that do not have it yet: storage, then archives
 * @param begun whether an earlier run left it half registered: then this one completes it, and a
 *     failure leaves it to the next one instead of undoing what is not its own
 */
public record AddVolumePlan(Head head, ProtectionRecord record, List<String> servers, boolean begun)
    implements Plan {
  /** The smallest unit of a block device. */
  private static final int SECTOR_BYTES = 512;

  public AddVolumePlan {
    servers = List.copyOf(servers);
  }

  /**
   * Where a volume's source lies and its images go.
   *
   * @param node of the device; empty for the storage's
   * @param device path; empty for one that the storage makes and keeps, of {@code sizeBytes}
   * @param log of a logged volume
   * @param archives server names, the first is the primary; empty for the only one of the group
   */
  public record Wanted(
      String volume,
      VolumeKind kind,
      Optional<String> node,
      Optional<String> device,
      Optional<Long> sizeBytes,
      Optional<WantedLog> log,
      Optional<String> storage,
      List<String> archives) {}

  /**
   * @param path empty for one that the storage makes and keeps
   * @param shipping without proxies where all of the group are meant
   */
  public record WantedLog(
      Optional<String> path,
      Optional<Long> sizeBytes,
      Optional<Long> tailBytes,
      Optional<OnLogFull> onFull,
      Optional<Integer> cutSeconds,
      Shipping shipping) {}

  /** What the storage says about the places. */
  public record Found(DeviceFacts device, Optional<DeviceFacts> log) {}

  /**
   * Whom a new volume goes to.
   *
   * @param archives the first is the primary
   * @param proxies in the order in which the storage tries them; empty for a plain volume
   */
  public record Parties(
      ServerRecord storage, List<ServerRecord> archives, List<ServerRecord> proxies) {
    public Parties {
      archives = List.copyOf(archives);
      proxies = List.copyOf(proxies);
    }

    /** Names of those that take the volume: proxies learn of it with its log. */
    public List<String> taking() {
      return Stream.concat(Stream.of(storage), archives.stream()).map(ServerRecord::name).toList();
    }
  }

  /**
   * @throws RefusedException {@code bad-input}, {@code unknown-server} or {@code unsupported}
   */
  public static Parties servers(CatalogView view, Wanted wanted) throws RefusedException {
    GroupServers servers = new GroupServers(view);
    if (wanted.node().isPresent()) servers.node(wanted.node());
    ServerRecord storage =
        servers.chosen(
            wanted.storage(),
            Role.STORAGE,
            server -> wanted.node().isEmpty() || server.node().equals(wanted.node().get()),
            wanted.node().map(node -> " on node " + node).orElse(""));
    if (wanted.node().isPresent() && !storage.node().equals(wanted.node().get())) {
      throw new RefusedException(
          Refusal.of(
                  RefusalCode.BAD_INPUT,
                  "storage %s is not on the device's node %s"
                      .formatted(storage.name(), wanted.node().get()))
              .found("%s is on %s".formatted(storage.name(), storage.node())));
    }
    List<ServerRecord> archives = servers.allNamed(wanted.archives(), Role.ARCHIVE);
    return new Parties(
        storage,
        archives.isEmpty()
            ? List.of(servers.chosen(Optional.empty(), Role.ARCHIVE, _ -> true, ""))
            : archives,
        wanted.log().isEmpty() ? List.of() : proxies(servers, wanted.log().get().shipping()));
  }

  private static List<ServerRecord> proxies(GroupServers servers, Shipping shipping)
      throws RefusedException {
    return shipping.proxies().isEmpty()
        ? servers.all(Role.PROXY)
        : servers.allNamed(shipping.proxies(), Role.PROXY);
  }

  /**
   * @param found what the storage found at the places
   * @param knowing names of the servers that know the volume already, from another run
   * @throws RefusedException {@code not-found}, {@code bad-input} or {@code already-exists}
   */
  public static AddVolumePlan choose(
      Head head,
      Wanted wanted,
      Parties parties,
      Found found,
      Optional<ProtectionRecord> existing,
      Set<String> knowing)
      throws RefusedException {
    ProtectionRecord record = record(wanted, parties, found);
    if (existing.isPresent() && !isAskedFor(wanted, record, existing.get())) {
      throw alreadyExists(existing.get());
    }
    List<String> missing =
        parties.taking().stream()
            .filter(server -> existing.isEmpty() || !knowing.contains(server))
            .toList();
    if (missing.isEmpty()) throw alreadyExists(existing.orElseThrow());
    return new AddVolumePlan(head, existing.orElse(record), missing, existing.isPresent());
  }

  private static long size(Wanted wanted, Parties parties, DeviceFacts facts)
      throws RefusedException {
    String where = parties.storage().node() + ":" + facts.path();
    if (wanted.device().isEmpty()) return wanted.sizeBytes().orElseThrow();
    if (facts.kind() == DeviceFacts.Kind.ABSENT) {
      throw new RefusedException(
          Refusal.of(RefusalCode.NOT_FOUND, "there is nothing at " + where)
              .attempted("protect %s as %s".formatted(where, wanted.volume()))
              .next("give the path of a file or block device on the storage's node"));
    }
    if (facts.sizeBytes() <= 0 || facts.sizeBytes() % SECTOR_BYTES != 0) {
      throw new RefusedException(
          Refusal.of(RefusalCode.BAD_INPUT, "a volume is a positive multiple of 512 bytes")
              .attempted("protect %s as %s".formatted(where, wanted.volume()))
              .found("%d bytes".formatted(facts.sizeBytes())));
    }
    return facts.sizeBytes();
  }

  private static ProtectionRecord record(Wanted wanted, Parties parties, Found found)
      throws RefusedException {
    long sizeBytes = size(wanted, parties, found.device());
    Optional<LogPlan> log =
        wanted.log().isEmpty()
            ? Optional.empty()
            : Optional.of(LogSizes.plan(wanted.log().get(), found.log().orElseThrow(), sizeBytes));
    List<String> archives = parties.archives().stream().map(ServerRecord::name).toList();
    return new ProtectionRecord(
        1,
        wanted.volume(),
        wanted.kind(),
        sizeBytes,
        found.device().path(),
        parties.storage().name(),
        archives,
        archives.getFirst(),
        log,
        wanted.log().map(its -> shipping(its.shipping(), parties)));
  }

  private static Shipping shipping(Shipping wanted, Parties parties) {
    return new Shipping(
        parties.proxies().stream().map(ServerRecord::name).toList(),
        wanted.releaseOn(),
        wanted.compression(),
        wanted.bytesPerSecondMax(),
        wanted.diffBytesPerSecondMax());
  }

  /**
   * Equal in all that was asked for, so that a half registered volume is completed. Proxies that
   * nobody named were those that the group had then.
   */
  private static boolean isAskedFor(
      Wanted wanted, ProtectionRecord record, ProtectionRecord existing) {
    boolean proxiesNamed =
        wanted.log().stream().anyMatch(log -> !log.shipping().proxies().isEmpty());
    return existing.kind() == record.kind()
        && (!proxiesNamed || proxies(existing).equals(proxies(record)))
        && existing.device().equals(record.device())
        && existing.storage().equals(record.storage())
        && existing.archives().equals(record.archives())
        && existing.log().map(LogPlan::path).equals(record.log().map(LogPlan::path));
  }

  private static List<String> proxies(ProtectionRecord record) {
    return record.shipping().map(Shipping::proxies).orElse(List.of());
  }

  private static RefusedException alreadyExists(ProtectionRecord existing) {
    return new RefusedException(
        Refusal.of(
                RefusalCode.ALREADY_EXISTS,
                "there is a volume '%s' already".formatted(existing.volume()))
            .found(
                "%s, %s on %s, archives %s"
                    .formatted(
                        existing.kind().word(),
                        existing.device(),
                        existing.storage(),
                        String.join(", ", existing.archives())))
            .next("choose another name, or clear that volume first"));
  }

  @Override
  public String volume() {
    return record.volume();
  }

  @Override
  public String server() {
    return record.storage();
  }

  @Override
  public String words() {
    List<String> proxies = proxies(record);
    return "protect %s of %s, %s, at %s%s"
        .formatted(
            Plan.bytes(record.sizeBytes()),
            record.device(),
            record.kind().word(),
            String.join(", ", servers),
            proxies.isEmpty() ? "" : ", its log by way of " + String.join(", ", proxies));
  }
}
