package io.backstay.activity;

import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.model.Signed;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out {@link ReservationActivities} through the catalog. */
public final class Reservations implements ReservationActivities {
  private static final Logger LOG = LoggerFactory.getLogger(Reservations.class);

  /** Each time another run may have come between; after so many Temporal's delay sets in. */
  private static final int TURNS_MAX = 3;

  private final ServerCalls calls;
  private final Holders holders;

  public Reservations(ServerCalls calls, Holders holders) {
    this.calls = calls;
    this.holders = holders;
  }

  @Override
  public Reservation reserve(Wish wish) {
    if (needsRecord(wish.operation())) calls.volume(wish.volume());
    Optional<Long> supersedes = Optional.empty();
    for (int turn = 1; ; turn++) {
      Reply reply = calls.asked(calls.catalogServer(), command(wish, supersedes));
      if (reply instanceof Reply.Reserved reserved) return reserved.reservation();
      supersedes = Optional.of(overHolder(reply, turn).epoch());
    }
  }

  private static boolean needsRecord(OperationKind operation) {
    return switch (operation) {
      // A clear goes on after the record is gone, if a server was away when it was removed.
      case ADD_VOLUME, CLEAR_VOLUME -> false;
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
          true;
    };
  }

  private static Command.Reserve command(Wish wish, Optional<Long> supersedes) {
    return new Command.Reserve(
        wish.volume(),
        wish.operation(),
        wish.workflowId(),
        wish.originalRunId(),
        wish.inputHash(),
        supersedes);
  }

  /** The holder that stands in the way and is over; a failure when it is not, or there is none. */
  private Reservation overHolder(Reply reply, int turn) {
    if (!(reply instanceof Reply.Refused refused)) {
      throw new IllegalStateException("a reservation was answered with " + reply);
    }
    boolean conflict = refused.refusal().code() == RefusalCode.ALREADY_RUNNING;
    if (!conflict || refused.holder().isEmpty() || turn == TURNS_MAX) {
      throw ServerCalls.failure(refused);
    }
    Reservation holder = refused.holder().get();
    if (holders.isOpen(holder)) throw ServerCalls.failure(refused);
    LOG.warn(
        "{} is held by {} (run {}, epoch {}), which is over: superseding it",
        holder.volume(),
        holder.workflowId(),
        holder.originalRunId(),
        holder.epoch());
    return holder;
  }

  @Override
  public void release(String volume, long epoch) {
    calls.ask(calls.catalogServer(), new Command.Release(volume, epoch), Reply.Done.class);
  }

  @Override
  public Signed writeProtection(long epoch, ProtectionRecord record) {
    return calls
        .ask(
            calls.catalogServer(),
            new Command.WriteProtection(epoch, record),
            Reply.SignedRecord.class)
        .record();
  }

  @Override
  public void removeProtection(long epoch, String volume) {
    calls.ask(calls.catalogServer(), new Command.RemoveProtection(epoch, volume), Reply.Done.class);
  }
}
