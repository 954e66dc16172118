package io.backstay.activity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.activity.ReservationActivities.Wish;
import io.backstay.model.OperationKind;
import io.backstay.model.Reservation;
import io.backstay.wire.Command;
import io.temporal.failure.ApplicationFailure;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Reserving a volume (rule K2). */
class ReservationsTest {
  private static final Wish WISH = wish("run1", OperationKind.FULL_BACKUP);

  private final MemoryServers servers = new MemoryServers(new QuickTime());
  private boolean holderIsOpen;
  private final Reservations reservations =
      new Reservations(new ServerCalls(servers), _ -> holderIsOpen);

  @BeforeEach
  void protect() {
    servers.protect("vol0", 1);
  }

  private static Wish wish(String run, OperationKind operation) {
    return new Wish("vol0", operation, "full-backup/vol0", run, "hash");
  }

  private ApplicationFailure failure(Wish wish) {
    return assertThatThrownBy(() -> reservations.reserve(wish))
        .asInstanceOf(type(ApplicationFailure.class))
        .actual();
  }

  private void heldBy(String run) {
    heldBy(run, 7);
  }

  private void heldBy(String run, long epoch) {
    servers.reserved(
        new Reservation(
            "vol0", OperationKind.HASH_BACKUP, "their-id", run, "hash", epoch, Instant.EPOCH));
  }

  @Test
  void theSameRunGetsTheReservationThatItHas() {
    Reservation first = reservations.reserve(WISH);
    assertThat(reservations.reserve(WISH)).isEqualTo(first);
    assertThat(first.epoch()).isEqualTo(1);
  }

  @Test
  void anOpenHolderIsNamedInTheFailure() {
    heldBy("run0");
    holderIsOpen = true;
    ApplicationFailure failure = failure(WISH);
    assertThat(failure.getType()).isEqualTo("already-running");
    assertThat(failure.isNonRetryable()).isTrue();
    assertThat(RefusalFailure.holder(failure).map(Reservation::workflowId)).contains("their-id");
    assertThat(servers.reservations())
        .extracting(Reservation::originalRunId)
        .containsExactly("run0");
  }

  @Test
  void aHolderThatIsOverIsSupersededWithAHigherEpoch() {
    heldBy("run0");
    Reservation reservation = reservations.reserve(WISH);
    assertThat(reservation.epoch()).isEqualTo(8);
    assertThat(servers.reservations()).containsExactly(reservation);
  }

  /** Each time another run is faster; after some turns Temporal's delay sets in. */
  @Test
  void aRaceOfSuccessorsIsGivenUpAfterSomeTurns() {
    AtomicInteger turns = new AtomicInteger();
    servers.interrupt(
        (_, _, command) -> {
          if (command instanceof Command.Reserve)
            heldBy("run-" + turns.incrementAndGet(), turns.get());
        },
        (_, _, _) -> {});
    assertThat(failure(WISH).getType()).isEqualTo("already-running");
    assertThat(turns).hasValue(3);
  }

  @Test
  void aVolumeThatIsNotThereIsRefusedBeforeAnythingIsReserved() {
    ApplicationFailure failure =
        failure(new Wish("vol7", OperationKind.FULL_BACKUP, "id", "run1", "hash"));
    assertThat(failure.getType()).isEqualTo("unknown-volume");
    assertThat(RefusalFailure.refusal(failure).orElseThrow().found()).isEqualTo("volumes vol0");
    assertThat(servers.journal()).containsExactly("c0 ReadCatalog");
  }

  @Test
  void aVolumeMayBeReservedBeforeItIsThereToBeAdded() {
    assertThat(
            reservations
                .reserve(new Wish("vol7", OperationKind.ADD_VOLUME, "id", "run1", "hash"))
                .volume())
        .isEqualTo("vol7");
  }

  @Test
  void aCatalogThatIsAwayIsWaitedFor() {
    servers.stop("c0");
    ApplicationFailure failure = failure(WISH);
    assertThat(failure.getType()).isEqualTo("unreachable");
    assertThat(failure.isNonRetryable()).isFalse();
  }

  @Test
  void releasingIsIdempotentAndSparesAnotherEpoch() {
    Reservation held = reservations.reserve(WISH);
    reservations.release("vol0", held.epoch() - 1);
    assertThat(servers.reservations()).containsExactly(held);
    reservations.release("vol0", held.epoch());
    reservations.release("vol0", held.epoch());
    assertThat(servers.reservations()).isEmpty();
  }

  @Test
  void aRecordChangeWithALostReservationIsSuperseded() {
    assertThatThrownBy(() -> reservations.removeProtection(9, "vol0"))
        .asInstanceOf(type(ApplicationFailure.class))
        .satisfies(e -> assertThat(e.getType()).isEqualTo("superseded"));
    assertThat(servers.isProtected("vol0")).isTrue();
  }
}
