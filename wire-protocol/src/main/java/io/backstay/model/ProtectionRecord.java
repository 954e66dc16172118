package io.backstay.model;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Who is who for one volume (rule M3). Signed by the catalog; servers keep the newest that they
 * have seen.
 *
 * @param version grows by one with each change, the first is 1
 * @param sizeBytes a multiple of 512
 * @param device absolute path of the source on the storage's node; of a logged volume its data
 *     device
 * @param storage server name of the target storage
 * @param archives server names, in order
 * @param primary one of {@code archives}; it gives the gids of a plain volume (rule L10)
 * @param log of a logged volume only
 * @param shipping how its log gets to the archives; of a logged volume only
 */
public record ProtectionRecord(
    long version,
    String volume,
    VolumeKind kind,
    long sizeBytes,
    String device,
    String storage,
    List<String> archives,
    String primary,
    Optional<LogPlan> log,
    Optional<Shipping> shipping) {
  /** Of a volume whose log stays where it is. */
  public ProtectionRecord(
      long version,
      String volume,
      VolumeKind kind,
      long sizeBytes,
      String device,
      String storage,
      List<String> archives,
      String primary,
      Optional<LogPlan> log) {
    this(
        version,
        volume,
        kind,
        sizeBytes,
        device,
        storage,
        archives,
        primary,
        log,
        log.map(_ -> Shipping.NONE));
  }

  /** Of a volume without a log. */
  public ProtectionRecord(
      long version,
      String volume,
      VolumeKind kind,
      long sizeBytes,
      String device,
      String storage,
      List<String> archives,
      String primary) {
    this(version, volume, kind, sizeBytes, device, storage, archives, primary, Optional.empty());
  }

  public ProtectionRecord {
    log = log == null ? Optional.empty() : log;
    shipping = shipping == null ? Optional.empty() : shipping;
    // The records of earlier releases say nothing of it.
    if (log.isPresent() && shipping.isEmpty()) shipping = Optional.of(Shipping.NONE);
    Names.require("volume", volume);
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(device, "device");
    Names.require("server", storage);
    archives = List.copyOf(archives);
    if (version < 1)
      throw new IllegalArgumentException(
          "version of the record of " + volume + " is below 1: " + version);
    if (sizeBytes <= 0 || sizeBytes % 512 != 0) {
      throw new IllegalArgumentException(
          "size of " + volume + " is not a positive multiple of 512: " + sizeBytes);
    }
    if ((kind == VolumeKind.LOGGED) != log.isPresent()) {
      throw new IllegalArgumentException(
          "volume %s is %s with log %s".formatted(volume, kind.word(), log));
    }
    if (shipping.isPresent() && log.isEmpty())
      throw new IllegalArgumentException("volume %s ships a log that it has not".formatted(volume));
    if (!archives.contains(primary)) {
      throw new IllegalArgumentException(
          "primary " + primary + " of " + volume + " is not among its archives " + archives);
    }
  }

  /** The next version of this record, with another size. */
  public ProtectionRecord withSize(long newSizeBytes) {
    return of(version + 1, newSizeBytes, log, shipping);
  }

  /** The next version of this record, with other settings of a volume that has a log. */
  public ProtectionRecord withSettings(LogPlan newLog, Shipping newShipping) {
    return of(version + 1, sizeBytes, Optional.of(newLog), Optional.of(newShipping));
  }

  /**
   * Whether that one is this record, or a later one of the same volume: it has the same devices and
   * the same parties, but for its proxies.
   */
  public boolean mayBecome(ProtectionRecord later) {
    if (later.version <= version) return later.equals(this);
    if (later.log.isPresent() != log.isPresent()) return false;
    Optional<LogPlan> sameLog =
        later.log.map(its -> log.orElseThrow().with(its.onFull(), its.cutSeconds()));
    return later.equals(of(later.version, later.sizeBytes, sameLog, later.shipping));
  }

  /**
   * @throws RefusedException version-conflict unless this record {@link #mayBecome} that one
   */
  public void requireNext(ProtectionRecord next) throws RefusedException {
    if (mayBecome(next)) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.VERSION_CONFLICT, "the record is not this volume's next one")
            .attempted("go on with %s under %s".formatted(volume, next))
            .found(toString()));
  }

  private ProtectionRecord of(
      long newVersion,
      long newSizeBytes,
      Optional<LogPlan> newLog,
      Optional<Shipping> newShipping) {
    return new ProtectionRecord(
        newVersion,
        volume,
        kind,
        newSizeBytes,
        device,
        storage,
        archives,
        primary,
        newLog,
        newShipping);
  }
}
