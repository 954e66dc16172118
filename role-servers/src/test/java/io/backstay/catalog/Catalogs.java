package io.backstay.catalog;

import io.backstay.catalog.CatalogRules.Decision;
import io.backstay.model.Bytes;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What the tests of this package say often. */
final class Catalogs {
  static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  /** Does not sign: the bytes travel as they are. */
  static final RecordSigner UNSIGNED =
      content ->
          new Signed(
              Bytes.of(content), Bytes.of(new byte[64]), Bytes.of("not a certificate".getBytes()));

  private Catalogs() {}

  static Command.Reserve reserve(String volume, OperationKind operation, String run) {
    return new Command.Reserve(
        volume, operation, operation.word() + "/" + volume, run, "hash", Optional.empty());
  }

  static Command.Reserve supersede(String volume, OperationKind operation, String run, long epoch) {
    return new Command.Reserve(
        volume, operation, operation.word() + "/" + volume, run, "hash", Optional.of(epoch));
  }

  static ProtectionRecord record(String volume, long version) {
    return new ProtectionRecord(
        version, volume, VolumeKind.PLAIN, 1 << 20, "/dev/" + volume, "s0", List.of("a0"), "a0");
  }

  static ServerRecord server(String name, int port) {
    return new ServerRecord(name, Role.ARCHIVE, "n0", "127.0.0.1:" + port, "");
  }

  static Decision decide(CatalogState state, Command.ForCatalog command) {
    return CatalogRules.decide(state, command, NOON, UNSIGNED);
  }

  /** The state after commands of which none may be refused. */
  static CatalogState after(CatalogState state, Command.ForCatalog... commands) {
    for (Command.ForCatalog command : commands) {
      Decision decision = decide(state, command);
      if (decision.reply() instanceof Reply.Refused(var refusal, var _)) {
        throw new AssertionError(command + " was refused: " + refusal);
      }
      state = decision.next();
    }
    return state;
  }

  /** A group with the volume under a record of version 1, and nobody who holds it. */
  static CatalogState withVolume(String volume) {
    return after(
        CatalogState.empty("g"),
        reserve(volume, OperationKind.ADD_VOLUME, "run-of-add"),
        new Command.WriteProtection(1, record(volume, 1)),
        new Command.Release(volume, 1));
  }

  static Reservation reserved(Reply reply) {
    if (reply instanceof Reply.Reserved(Reservation reservation)) return reservation;
    throw new AssertionError("not reserved: " + reply);
  }

  static RefusalCode refusal(Reply reply) {
    if (reply instanceof Reply.Refused(var refusal, var _)) return refusal.code();
    throw new AssertionError("not refused: " + reply);
  }
}
