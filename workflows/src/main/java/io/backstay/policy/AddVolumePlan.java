package io.backstay.policy;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
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
   */
  public record Wanted(
      String volume,
      VolumeKind kind,
      Optional<String> node,
      Optional<String> device,
      Optional<Long> sizeBytes,
      Optional<WantedLog> log,
      Optional<String> storage,
      Optional<String> archive) {}

  /**
   * @param path empty for one that the storage makes and keeps
   */
  public record WantedLog(
      Optional<String> path,
      Optional<Long> sizeBytes,
      Optional<Long> tailBytes,
      Optional<OnLogFull> onFull) {
    public WantedLog {
      onFull = onFull == null ? Optional.empty() : onFull;
    }
  }

  /** What the storage says about the places. */
  public record Found(DeviceFacts device, Optional<DeviceFacts> log) {}

  /** Storage and archive of a new volume. */
  public record Pair(ServerRecord storage, ServerRecord archive) {}

  /**
   * @throws RefusedException {@code bad-input}, {@code unknown-server} or {@code unsupported}
   */
  public static Pair servers(CatalogView view, Wanted wanted) throws RefusedException {
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
    return new Pair(storage, servers.chosen(wanted.archive(), Role.ARCHIVE, _ -> true, ""));
  }

  /**
   * @param found what the storage found at the places
   * @param knowing names of the servers that know the volume already, from another run
   * @throws RefusedException {@code not-found}, {@code bad-input} or {@code already-exists}
   */
  public static AddVolumePlan choose(
      Head head,
      Wanted wanted,
      Pair pair,
      Found found,
      Optional<ProtectionRecord> existing,
      Set<String> knowing)
      throws RefusedException {
    ProtectionRecord record = record(wanted, pair, found);
    if (existing.isPresent() && !sameBut(existing.get(), record)) {
      throw alreadyExists(existing.get());
    }
    List<String> missing =
        Stream.of(pair.storage().name(), pair.archive().name())
            .filter(server -> existing.isEmpty() || !knowing.contains(server))
            .toList();
    if (missing.isEmpty()) throw alreadyExists(existing.orElseThrow());
    return new AddVolumePlan(head, existing.orElse(record), missing, existing.isPresent());
  }

  private static long size(Wanted wanted, Pair pair, DeviceFacts facts) throws RefusedException {
    String where = pair.storage().node() + ":" + facts.path();
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

  private static ProtectionRecord record(Wanted wanted, Pair pair, Found found)
      throws RefusedException {
    long sizeBytes = size(wanted, pair, found.device());
    Optional<LogPlan> log =
        wanted.log().isEmpty()
            ? Optional.empty()
            : Optional.of(LogSizes.plan(wanted.log().get(), found.log().orElseThrow(), sizeBytes));
    return new ProtectionRecord(
        1,
        wanted.volume(),
        wanted.kind(),
        sizeBytes,
        found.device().path(),
        pair.storage().name(),
        List.of(pair.archive().name()),
        pair.archive().name(),
        log);
  }

  /** Equal in all that was asked for, so that a half registered volume is completed. */
  private static boolean sameBut(ProtectionRecord existing, ProtectionRecord record) {
    return existing.kind() == record.kind()
        && existing.device().equals(record.device())
        && existing.storage().equals(record.storage())
        && existing.archives().equals(record.archives())
        && existing.log().map(LogPlan::path).equals(record.log().map(LogPlan::path));
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
    return "protect %s of %s, %s, at %s"
        .formatted(
            Plan.bytes(record.sizeBytes()),
            record.device(),
            record.kind().word(),
            String.join(", ", servers));
  }
}
