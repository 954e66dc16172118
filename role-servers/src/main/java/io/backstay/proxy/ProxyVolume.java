package io.backstay.proxy;

import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Signed;
import io.backstay.volume.Ledger;
import io.backstay.volume.StateTable;
import io.backstay.volume.VolumeMetadata;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a proxy keeps of one volume beside its diffs. It knows volumes only by their records, which
 * storages and archives hand it when a transfer is opened (rule M3).
 *
 * @param signed the newest record that was seen, as the catalog signed it; present unless CLEAR
 * @param record the content of {@code signed}
 */
public record ProxyVolume(
    String volume,
    State state,
    Optional<Signed> signed,
    Optional<ProtectionRecord> record,
    Ledger ledger)
    implements VolumeMetadata<ProxyVolume> {

  /** Steady states, walb's names. */
  public enum State {
    CLEAR,
    STARTED
  }

  public static final StateTable<State> TABLE =
      new StateTable<>(
          "proxy",
          List.of(
              new StateTable.Row<>(State.CLEAR, OperationKind.CLEAR_VOLUME, State.CLEAR),
              new StateTable.Row<>(State.STARTED, OperationKind.CLEAR_VOLUME, State.CLEAR)));

  public ProxyVolume {
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(ledger, "ledger");
    if ((state == State.CLEAR) != record.isEmpty() || record.isPresent() != signed.isPresent())
      throw new IllegalArgumentException(
          "volume %s is %s with record %s".formatted(volume, state, record));
  }

  static ProxyVolume unknown(String volume) {
    return new ProxyVolume(volume, State.CLEAR, Optional.empty(), Optional.empty(), Ledger.EMPTY);
  }

  @Override
  public ProxyVolume with(Ledger newLedger) {
    return new ProxyVolume(volume, state, signed, record, newLedger);
  }

  /** Under that record, unless a newer one is known. */
  ProxyVolume under(Signed newSigned, ProtectionRecord newRecord) {
    if (record.isPresent() && record.get().version() >= newRecord.version()) return this;
    return new ProxyVolume(
        volume, State.STARTED, Optional.of(newSigned), Optional.of(newRecord), ledger);
  }

  ProxyVolume clear() {
    return new ProxyVolume(volume, State.CLEAR, Optional.empty(), Optional.empty(), ledger);
  }
}
