package io.backstay.archive;

import io.backstay.model.Grant;
import io.backstay.model.Hold;
import io.backstay.model.OperationReport;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.server.RoleParts;
import io.backstay.wire.Command;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;

/** What an operation that destroys must not go against, and the leave that it needs. */
final class Admission {
  private final RoleParts parts;

  Admission(RoleParts parts) {
    this.parts = parts;
  }

  /** What is held now. A running operation's hold does not expire under it. */
  List<Hold> holds(ArchiveVolume volume) {
    Instant now = parts.time().now();
    return volume.holds().stream()
        .filter(hold -> hold.expiry().isAfter(now) || isRunning(volume, hold.operation()))
        .toList();
  }

  private static boolean isRunning(ArchiveVolume volume, String operation) {
    return volume.ledger().entries().stream()
        .anyMatch(entry ->
            entry.operation().equals(operation) && entry.state() == OperationReport.State.RUNNING);
  }

  /** Whether somebody holds the point of that gid. */
  LongPredicate held(ArchiveVolume volume) {
    Set<Long> gids = holds(volume).stream().map(Hold::gid).collect(Collectors.toSet());
    return gids::contains;
  }

  /**
   * Checked in the transaction that would destroy (rule X10).
   *
   * @param destroyed the gids that would be gone
   */
  void refuseHeld(ArchiveVolume before, Command.Start start, LongPredicate destroyed)
      throws RefusedException {
    for (Hold hold : holds(before)) {
      if (destroyed.test(hold.gid()))
        throw held(start, hold.gid(), "by %s until %s".formatted(hold.operation(), hold.expiry()));
    }
  }

  /**
   * As {@link #refuseHeld}, for an operation that was admitted before somebody took the hold: it
   * waits until that is released.
   */
  void requireFree(ArchiveVolume now, LongPredicate destroyed) throws IOException {
    for (Hold hold : holds(now)) {
      if (destroyed.test(hold.gid()))
        throw new IOException("point %d is held since".formatted(hold.gid()));
    }
  }

  /** As {@link #refuseHeld}, for those who read without a hold. */
  void refuseRead(OpenImages open, Command.Start start, long oldestLeft) throws RefusedException {
    Optional<Long> read = open.oldestRead(start.volume()).filter(gid -> gid < oldestLeft);
    if (read.isPresent()) throw held(start, read.get(), "by who reads it just now");
  }

  private static RefusedException held(Command.Start start, long gid, String by) {
    return new RefusedException(
        Refusal.of(RefusalCode.HELD, "point %d is held".formatted(gid))
            .attempted("%s of %s".formatted(start.work().kind().word(), start.volume()))
            .found("held " + by)
            .next("wait for it, cancel it, or close the export"));
  }

  /**
   * The grant's nonce is committed with the ledger entry, so that it allows this once (rule K5).
   */
  ArchiveVolume using(
      ArchiveVolume before,
      Optional<Signed> signed,
      String command,
      String target,
      String inputHash)
      throws RefusedException {
    if (signed.isEmpty()) {
      throw new RefusedException(
          Refusal.of(RefusalCode.GRANT_REQUIRED, "what destroys needs an operator's grant")
              .attempted("%s %s %s".formatted(command, before.volume(), target).strip())
              .next("use the backstay command, which signs one"));
    }
    Grant grant = parts.grants().check(signed.get(), command, before.volume(), target, inputHash);
    if (before.ledger().hasUsed(grant.nonce())) {
      throw new RefusedException(
          RefusalCode.NOT_AUTHORISED, "this grant was used before; sign a new one");
    }
    return before.with(before.ledger().using(grant.nonce(), grant.expiry(), parts.time().now()));
  }
}
