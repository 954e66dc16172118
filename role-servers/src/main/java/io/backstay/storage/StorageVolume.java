package io.backstay.storage;

import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.volume.Ledger;
import io.backstay.volume.StateTable;
import io.backstay.volume.VolumeMetadata;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a storage keeps of one volume.
 *
 * @param signed the newest record that was seen, as the catalog signed it; present unless CLEAR
 * @param record the content of {@code signed}
 */
public record StorageVolume(
    String volume,
    State state,
    Optional<Signed> signed,
    Optional<ProtectionRecord> record,
    Ledger ledger)
    implements VolumeMetadata<StorageVolume> {

  /** Steady states. */
  public enum State {
    CLEAR,
    /** A plain volume can be read (rule L10). */
    READY,
    /** A logged volume is served; no archive follows its log. */
    SYNC_READY,
    /** A logged volume is served, and an archive has an image of it and follows its log. */
    TARGET,
    /** As SYNC_READY, but it is not served until it is started. */
    STOPPED,
    /** As TARGET, but it is not served until it is started. */
    TARGET_STOPPED;

    boolean isServed() {
      return this == SYNC_READY || this == TARGET;
    }
  }

  public static final StateTable<State> PLAIN =
      new StateTable<>(
          "storage, plain volume",
          List.of(
              new StateTable.Row<>(State.CLEAR, OperationKind.ADD_VOLUME, State.READY),
              new StateTable.Row<>(State.READY, OperationKind.FULL_BACKUP, State.READY),
              new StateTable.Row<>(State.READY, OperationKind.RESIZE, State.READY),
              new StateTable.Row<>(State.READY, OperationKind.CLEAR_VOLUME, State.CLEAR)));

  public static final StateTable<State> LOGGED =
      new StateTable<>(
          "storage, logged volume",
          List.of(
              new StateTable.Row<>(State.CLEAR, OperationKind.ADD_VOLUME, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.FULL_BACKUP, State.TARGET),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.RESIZE, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.SET_VOLUME, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.STOP_VOLUME, State.STOPPED),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.RESET_VOLUME, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.ACCEPT_LOSS, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.SNAPSHOT, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.CLEAR_VOLUME, State.CLEAR),
              new StateTable.Row<>(State.TARGET, OperationKind.FULL_BACKUP, State.TARGET),
              new StateTable.Row<>(State.TARGET, OperationKind.SNAPSHOT, State.TARGET),
              new StateTable.Row<>(State.TARGET, OperationKind.RESIZE, State.TARGET),
              new StateTable.Row<>(State.TARGET, OperationKind.SET_VOLUME, State.TARGET),
              new StateTable.Row<>(State.TARGET, OperationKind.STOP_VOLUME, State.TARGET_STOPPED),
              new StateTable.Row<>(State.TARGET, OperationKind.START_VOLUME, State.TARGET),
              new StateTable.Row<>(State.TARGET, OperationKind.RESET_VOLUME, State.SYNC_READY),
              new StateTable.Row<>(State.TARGET, OperationKind.ACCEPT_LOSS, State.TARGET),
              new StateTable.Row<>(State.TARGET, OperationKind.CLEAR_VOLUME, State.CLEAR),
              new StateTable.Row<>(
                  State.TARGET_STOPPED, OperationKind.STOP_VOLUME, State.TARGET_STOPPED),
              new StateTable.Row<>(
                  State.TARGET_STOPPED, OperationKind.SET_VOLUME, State.TARGET_STOPPED),
              new StateTable.Row<>(State.TARGET_STOPPED, OperationKind.START_VOLUME, State.TARGET),
              new StateTable.Row<>(State.TARGET_STOPPED, OperationKind.CLEAR_VOLUME, State.CLEAR),
              new StateTable.Row<>(State.STOPPED, OperationKind.STOP_VOLUME, State.STOPPED),
              new StateTable.Row<>(State.STOPPED, OperationKind.SET_VOLUME, State.STOPPED),
              new StateTable.Row<>(State.STOPPED, OperationKind.START_VOLUME, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.START_VOLUME, State.SYNC_READY),
              new StateTable.Row<>(State.STOPPED, OperationKind.CLEAR_VOLUME, State.CLEAR)));

  /** The table of volumes of this kind. */
  static StateTable<State> table(VolumeKind kind) {
    return switch (kind) {
      case PLAIN -> PLAIN;
      case LOGGED -> LOGGED;
    };
  }

  public StorageVolume {
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(ledger, "ledger");
    if ((state == State.CLEAR) != record.isEmpty() || record.isPresent() != signed.isPresent()) {
      throw new IllegalArgumentException(
          "volume %s is %s with record %s".formatted(volume, state, record));
    }
  }

  static StorageVolume unknown(String volume) {
    return new StorageVolume(volume, State.CLEAR, Optional.empty(), Optional.empty(), Ledger.EMPTY);
  }

  @Override
  public StorageVolume with(Ledger newLedger) {
    return new StorageVolume(volume, state, signed, record, newLedger);
  }

  StorageVolume ready(Signed newSigned, ProtectionRecord newRecord) {
    State added = newRecord.kind() == VolumeKind.LOGGED ? State.SYNC_READY : State.READY;
    return new StorageVolume(volume, added, Optional.of(newSigned), Optional.of(newRecord), ledger);
  }

  /** Under that record, in the same state, unless it is no newer one (rule M3). */
  StorageVolume under(Signed newSigned, ProtectionRecord newRecord) {
    if (record.isEmpty() || record.get().version() >= newRecord.version()) return this;
    return new StorageVolume(volume, state, Optional.of(newSigned), Optional.of(newRecord), ledger);
  }

  /** In another state, which its table allows. */
  StorageVolume in(State newState) {
    return new StorageVolume(volume, newState, signed, record, ledger);
  }

  StorageVolume clear() {
    return new StorageVolume(volume, State.CLEAR, Optional.empty(), Optional.empty(), ledger);
  }
}
