package io.backstay.catalog;

import io.backstay.catalog.CatalogState.Protection;
import io.backstay.catalog.CatalogState.Server;
import io.backstay.model.Exclusion;
import io.backstay.model.Names;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What the catalog answers to a command, and which changes that needs: a pure function of state,
 * command and time (rules K1, K2, M3). Every command may arrive twice, because a reply was lost;
 * the second one gets the reply of the first and changes nothing.
 */
final class CatalogRules {
  /** Longest workflow id, run id and input hash of a reservation, in characters. */
  static final int TEXT_MAX = 1000;

  /** Largest server or protection record, CBOR. */
  static final int RECORD_BYTES_MAX = 16 * 1024;

  /** Most volume names that ever had a reservation; their last epochs are kept for good. */
  static final int EPOCHS_MAX = 100_000;

  /**
   * The whole catalog is answered in one frame. Records may take this much of it, so that
   * reservations always find room.
   */
  private static final int RECORDS_BYTES_MAX = FrameCodec.HEAD_BYTES_MAX / 4 * 3;

  private static final String INCOMPLETE = "the command is incomplete";

  private CatalogRules() {}

  /**
   * @param changes to make durable before the reply is given; none for a refusal
   * @param next the state after the changes
   */
  record Decision(List<CatalogChange> changes, CatalogState next, Reply reply) {}

  static Decision decide(
      CatalogState state, Command.ForCatalog command, Instant now, RecordSigner signer) {
    return switch (command) {
      case Command.ReadCatalog _ -> unchanged(state, state.records());
      case Command.WriteServer write -> writeServer(state, write);
      case Command.WriteProtection write -> writeProtection(state, write, signer);
      case Command.RemoveProtection remove -> removeProtection(state, remove);
      case Command.Reserve reserve -> reserve(state, reserve, now);
      case Command.Release release -> release(state, release);
    };
  }

  // ---- records

  private static Decision writeServer(CatalogState state, Command.WriteServer write) {
    if (write.server() == null) return badInput(state, INCOMPLETE, "write a server", "no record");
    String name = write.server().name();
    Optional<Server> stored = Optional.ofNullable(state.servers().get(name));
    long version = stored.map(Server::version).orElse(0L);
    boolean again =
        stored.filter(server -> server.record().equals(write.server())).isPresent()
            && version == write.expectedVersion() + 1;
    if (again) return unchanged(state, new Reply.Written(version));
    if (version != write.expectedVersion()) {
      return versionConflict(state, "server " + name, version, write.expectedVersion());
    }
    return recordsChanged(
        state,
        new CatalogChange.ServerWritten(write.server(), version + 1),
        new Reply.Written(version + 1));
  }

  private static Decision writeProtection(
      CatalogState state, Command.WriteProtection write, RecordSigner signer) {
    if (write.record() == null)
      return badInput(state, INCOMPLETE, "write a protection record", "no record");
    ProtectionRecord record = write.record();
    if (!state.holds(record.volume(), write.epoch())) {
      return fenced(
          state, "write the record of " + record.volume(), record.volume(), write.epoch());
    }
    Optional<Protection> stored = Optional.ofNullable(state.protections().get(record.volume()));
    if (stored.filter(protection -> protection.record().equals(record)).isPresent()) {
      return unchanged(state, new Reply.SignedRecord(stored.get().signed()));
    }
    long version = stored.map(protection -> protection.record().version()).orElse(0L);
    if (record.version() != version + 1) {
      return versionConflict(
          state, "the record of " + record.volume(), version, record.version() - 1);
    }
    var signed = signer.sign(Cbor.write(record));
    return recordsChanged(
        state, new CatalogChange.ProtectionWritten(signed), new Reply.SignedRecord(signed));
  }

  private static Decision removeProtection(CatalogState state, Command.RemoveProtection remove) {
    String volume = remove.volume();
    Optional<Refusal> badName = badName("remove a protection record", volume);
    if (badName.isPresent()) return refused(state, badName.get());
    if (!state.holds(volume, remove.epoch())) {
      return fenced(state, "remove the record of " + volume, volume, remove.epoch());
    }
    if (!state.protections().containsKey(volume)) return unchanged(state, new Reply.Done());
    return changed(state, List.of(new CatalogChange.ProtectionRemoved(volume)), new Reply.Done());
  }

  // ---- reservations

  private static Decision reserve(CatalogState state, Command.Reserve wanted, Instant now) {
    Optional<Refusal> refusal = refusalOf(state, wanted);
    if (refusal.isPresent()) return refused(state, refusal.get());

    List<Reservation> holders = state.holders(wanted.volume());
    Optional<Reservation> own = holders.stream().filter(held -> sameRun(held, wanted)).findFirst();
    if (own.isPresent()) return unchanged(state, new Reply.Reserved(own.get()));

    List<CatalogChange> changes = new ArrayList<>();
    for (Reservation holder : holders) {
      if (wanted.supersedes().equals(Optional.of(holder.epoch()))) {
        changes.add(new CatalogChange.Released(holder.volume(), holder.epoch()));
      } else if (!Exclusion.mayRunBeside(wanted.operation(), holder.operation())) {
        return alreadyRunning(state, wanted, holder);
      }
    }
    Reservation given =
        new Reservation(
            wanted.volume(),
            wanted.operation(),
            wanted.workflowId(),
            wanted.originalRunId(),
            wanted.inputHash(),
            state.lastEpoch(wanted.volume()) + 1,
            now);
    changes.add(new CatalogChange.Reserved(given));
    Decision decision = changed(state, changes, new Reply.Reserved(given));
    return decision.next().sizes().total() > FrameCodec.HEAD_BYTES_MAX
        ? refused(state, full("reservations", "wait until other runs have ended"))
        : decision;
  }

  private static boolean sameRun(Reservation held, Command.Reserve wanted) {
    return held.workflowId().equals(wanted.workflowId())
        && held.originalRunId().equals(wanted.originalRunId())
        && held.operation() == wanted.operation();
  }

  /** What is wrong with the wish itself, whoever holds the volume. */
  private static Optional<Refusal> refusalOf(CatalogState state, Command.Reserve wanted) {
    String volume = wanted.volume();
    String attempted = "reserve volume " + volume;
    Optional<Refusal> badName = badName(attempted, volume);
    if (badName.isPresent()) return badName;
    if (wanted.operation() == null || !Exclusion.reserves(wanted.operation())) {
      return Optional.of(
          Refusal.of(RefusalCode.BAD_INPUT, "this operation does not reserve a volume")
              .attempted(attempted)
              .found("operation " + wanted.operation())
              .next("take a hold at the archive instead"));
    }
    for (String text :
        Arrays.asList(wanted.workflowId(), wanted.originalRunId(), wanted.inputHash())) {
      if (text != null && !text.isEmpty() && text.length() <= TEXT_MAX) continue;
      return Optional.of(
          Refusal.of(
                  RefusalCode.BAD_INPUT,
                  "workflow id, run id and input hash have 1 to %d characters".formatted(TEXT_MAX))
              .attempted(attempted)
              .found(text == null ? "none" : text.length() + " characters"));
    }
    if (!isKnown(state, volume, wanted.operation())) {
      return Optional.of(
          Refusal.of(RefusalCode.UNKNOWN_VOLUME, "there is no volume " + volume)
              .attempted(attempted)
              .next("backstay volume list shows the volumes"));
    }
    if (!state.epochs().containsKey(volume) && state.epochs().size() >= EPOCHS_MAX) {
      return Optional.of(full("volume names", "use a name that was used before"));
    }
    return Optional.empty();
  }

  /** Whether there is something that the operation could work on. */
  private static boolean isKnown(CatalogState state, String volume, OperationKind operation) {
    return switch (operation) {
      case ADD_VOLUME -> true;
      // Also after its record is gone: a server may have been away when it was cleared.
      case CLEAR_VOLUME -> state.epochs().containsKey(volume);
      case FULL_BACKUP,
          HASH_BACKUP,
          DELETE_POINT,
          RESIZE,
          SET_VOLUME,
          RESTORE,
          VERIFY,
          STOP_VOLUME,
          START_VOLUME,
          RESET_VOLUME,
          ACCEPT_LOSS,
          SNAPSHOT,
          APPLY,
          MERGE ->
          state.protections().containsKey(volume);
    };
  }

  private static Decision alreadyRunning(
      CatalogState state, Command.Reserve wanted, Reservation holder) {
    Refusal refusal =
        Refusal.of(
                RefusalCode.ALREADY_RUNNING,
                "%s of %s is running".formatted(holder.operation().word(), holder.volume()))
            .attempted("reserve %s for %s".formatted(wanted.volume(), wanted.operation().word()))
            .found(
                "held by %s (run %s, epoch %d) since %s"
                    .formatted(
                        holder.workflowId(),
                        holder.originalRunId(),
                        holder.epoch(),
                        holder.since()))
            .next("wait for it with backstay run wait " + holder.workflowId());
    return unchanged(state, new Reply.Refused(refusal, Optional.of(holder)));
  }

  private static Decision release(CatalogState state, Command.Release release) {
    Optional<Refusal> badName = badName("release a volume", release.volume());
    if (badName.isPresent()) return refused(state, badName.get());
    if (!state.holds(release.volume(), release.epoch())) return unchanged(state, new Reply.Done());
    return changed(
        state,
        List.of(new CatalogChange.Released(release.volume(), release.epoch())),
        new Reply.Done());
  }

  // ---- what decisions are made of

  private static Decision unchanged(CatalogState state, Reply reply) {
    return new Decision(List.of(), state, reply);
  }

  private static Decision refused(CatalogState state, Refusal refusal) {
    return unchanged(state, new Reply.Refused(refusal));
  }

  private static Decision changed(CatalogState state, List<CatalogChange> changes, Reply reply) {
    try {
      return new Decision(List.copyOf(changes), state.apply(changes), reply);
    } catch (MalformedFrameException e) {
      throw new IllegalStateException("a change was made that cannot be read back", e);
    }
  }

  private static Decision recordsChanged(CatalogState state, CatalogChange change, Reply reply) {
    int recordBytes = Cbor.write(change).length;
    if (recordBytes > RECORD_BYTES_MAX) {
      return badInput(
          state,
          "a record has at most %d bytes".formatted(RECORD_BYTES_MAX),
          "write a record",
          recordBytes + " bytes");
    }
    Decision decision = changed(state, List.of(change), reply);
    return decision.next().sizes().recordBytes() > RECORDS_BYTES_MAX
        ? refused(state, full("records", "remove servers or volumes that are not needed any more"))
        : decision;
  }

  private static Refusal full(String ofWhat, String next) {
    return Refusal.of(RefusalCode.NO_SPACE, "the catalog cannot hold more " + ofWhat).next(next);
  }

  private static Decision fenced(CatalogState state, String attempted, String volume, long epoch) {
    String holders =
        state.holders(volume).stream()
            .map(held -> "epoch %d of %s".formatted(held.epoch(), held.workflowId()))
            .reduce((one, other) -> one + ", " + other)
            .orElse("no reservation, last epoch " + state.lastEpoch(volume));
    return refused(
        state,
        Refusal.of(RefusalCode.FENCED, "epoch %d does not hold %s".formatted(epoch, volume))
            .attempted(attempted)
            .found(holders)
            .next("the run lost its reservation, or gave it back: start a new one"));
  }

  private static Decision versionConflict(
      CatalogState state, String what, long stored, long expected) {
    return refused(
        state,
        Refusal.of(RefusalCode.VERSION_CONFLICT, what + " was changed by somebody else")
            .attempted("write %s over version %d".formatted(what, expected))
            .found(stored == 0 ? "it is not there" : "version " + stored)
            .next("read the catalog and decide again"));
  }

  private static Optional<Refusal> badName(String attempted, String volume) {
    try {
      Names.require("volume", volume);
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of(Refusal.of(RefusalCode.BAD_INPUT, e.getMessage()).attempted(attempted));
    }
  }

  private static Decision badInput(
      CatalogState state, String message, String attempted, String found) {
    return refused(
        state, Refusal.of(RefusalCode.BAD_INPUT, message).attempted(attempted).found(found));
  }
}
