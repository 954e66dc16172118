package io.backstay.activity;

import io.backstay.model.Bytes;
import io.backstay.model.Exclusion;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Reservation;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.seam.Time;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The catalog of {@link MemoryServers}: reservations and records as rules K1 and K2 have them. */
final class MemoryCatalog {
  private final Time time;
  private final List<ServerRecord> servers;
  private final Map<String, ProtectionRecord> records = new TreeMap<>();
  private final Map<String, Long> epochs = new HashMap<>();
  private final List<Reservation> held = new ArrayList<>();

  MemoryCatalog(Time time, List<ServerRecord> servers) {
    this.time = time;
    this.servers = servers;
  }

  Reply answer(Command command) throws RefusedException {
    return switch (command) {
      case Command.ReadCatalog _ -> all();
      case Command.Reserve reserve -> reserve(reserve);
      case Command.Release release -> {
        held.removeIf(it -> it.volume().equals(release.volume()) && it.epoch() == release.epoch());
        yield new Reply.Done();
      }
      case Command.WriteProtection write -> write(write);
      case Command.RemoveProtection remove -> {
        fence(remove.volume(), remove.epoch());
        records.remove(remove.volume());
        yield new Reply.Done();
      }
      default -> throw new RefusedException(RefusalCode.UNSUPPORTED, "not for a catalog");
    };
  }

  private Reply reserve(Command.Reserve wanted) {
    for (Reservation holder : List.copyOf(held)) {
      if (!holder.volume().equals(wanted.volume())) continue;
      boolean same =
          holder.workflowId().equals(wanted.workflowId())
              && holder.originalRunId().equals(wanted.originalRunId())
              && holder.operation() == wanted.operation();
      if (same) return new Reply.Reserved(holder);
      if (wanted.supersedes().equals(Optional.of(holder.epoch()))) {
        held.remove(holder);
      } else if (!Exclusion.mayRunBeside(wanted.operation(), holder.operation())) {
        return new Reply.Refused(
            Refusal.of(RefusalCode.ALREADY_RUNNING, wanted.volume() + " is held"),
            Optional.of(holder));
      }
    }
    Reservation given =
        new Reservation(
            wanted.volume(),
            wanted.operation(),
            wanted.workflowId(),
            wanted.originalRunId(),
            wanted.inputHash(),
            epochs.merge(wanted.volume(), 1L, Long::sum),
            time.now());
    held.add(given);
    return new Reply.Reserved(given);
  }

  private Reply write(Command.WriteProtection write) throws RefusedException {
    ProtectionRecord record = write.record();
    fence(record.volume(), write.epoch());
    ProtectionRecord stored = records.get(record.volume());
    long version = stored == null ? 0 : stored.version();
    if (!record.equals(stored) && record.version() != version + 1) {
      throw new RefusedException(RefusalCode.VERSION_CONFLICT, "stored version is " + version);
    }
    records.put(record.volume(), record);
    return new Reply.SignedRecord(sign(record));
  }

  private void fence(String volume, long epoch) throws RefusedException {
    if (held.stream().anyMatch(it -> it.volume().equals(volume) && it.epoch() == epoch)) return;
    throw new RefusedException(RefusalCode.FENCED, "epoch %d lost %s".formatted(epoch, volume));
  }

  static Signed sign(ProtectionRecord record) {
    return new Signed(
        Bytes.of(Cbor.write(record)), Bytes.of(new byte[] {1}), Bytes.of(new byte[] {2}));
  }

  void put(ProtectionRecord record) {
    records.put(record.volume(), record);
  }

  void forget(String volume) {
    records.remove(volume);
  }

  void hold(Reservation reservation) {
    epochs.put(reservation.volume(), reservation.epoch());
    held.add(reservation);
  }

  List<Reservation> held() {
    return List.copyOf(held);
  }

  /** Null where there is none. */
  ProtectionRecord record(String volume) {
    return records.get(volume);
  }

  boolean knows(String volume) {
    return records.containsKey(volume);
  }

  private Reply.CatalogRecords all() {
    return new Reply.CatalogRecords(
        1, "g", servers, records.values().stream().map(MemoryCatalog::sign).toList(), held());
  }

  CatalogView view(Instant confirmed) {
    Map<String, Signed> signed = new HashMap<>();
    records.forEach((volume, record) -> signed.put(volume, sign(record)));
    return new CatalogView(1, "g", confirmed, servers, records, signed, held());
  }
}
