package io.backstay.catalog;

import static io.backstay.catalog.Catalogs.*;
import static io.backstay.model.OperationKind.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.catalog.CatalogRules.Decision;
import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Message;
import io.backstay.wire.Reply;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CatalogRulesTest {
  private static final CatalogState EMPTY = CatalogState.empty("g");

  // ---- reservations

  /** Rule K2: which operations may run beside which is one pure table. */
  @Test
  void aHeldVolumeIsReservedExactlyWhenTheTableLetsBothRunBesideEachOther() {
    for (OperationKind holder : reserving()) {
      for (OperationKind wanted : reserving()) {
        CatalogState held = after(withVolume("vol0"), reserve("vol0", holder, "r1"));
        Decision decision = decide(held, reserve("vol0", wanted, "r2"));
        if (Exclusion.mayRunBeside(holder, wanted)) {
          assertThat(reserved(decision.reply()).epoch()).as(holder + " " + wanted).isEqualTo(3);
        } else {
          assertThat(decision.reply())
              .as(holder + " " + wanted)
              .isInstanceOfSatisfying(
                  Reply.Refused.class,
                  refused -> {
                    assertThat(refused.refusal().code()).isEqualTo(RefusalCode.ALREADY_RUNNING);
                    assertThat(refused.holder()).contains(held.reservations().getFirst());
                  });
          assertThat(decision.changes()).isEmpty();
        }
      }
    }
  }

  /**
   * Rule K2: a server refuses an epoch lower than one it saw, so a second holder would fence the
   * first. Whoever lets two of these run beside each other must first teach servers to tell them
   * apart.
   */
  @Test
  void noTwoOperationsThatReserveMayRunBesideEachOther() {
    for (OperationKind one : reserving()) {
      for (OperationKind other : reserving()) {
        assertThat(Exclusion.mayRunBeside(one, other)).as(one + " " + other).isFalse();
      }
    }
  }

  @Test
  void theExclusionTableIsSymmetric() {
    for (OperationKind one : OperationKind.values()) {
      for (OperationKind other : OperationKind.values()) {
        assertThat(Exclusion.mayRunBeside(one, other))
            .as(one + " " + other)
            .isEqualTo(Exclusion.mayRunBeside(other, one));
      }
    }
  }

  /** Rule K2: restore and verify take only a hold, so that they work without the catalog. */
  @Test
  void whatTakesOnlyAHoldIsNotGivenAReservation() {
    for (OperationKind kind : List.of(RESTORE, VERIFY)) {
      Decision decision = decide(withVolume("vol0"), reserve("vol0", kind, "r"));
      assertThat(refusal(decision.reply())).isEqualTo(RefusalCode.BAD_INPUT);
    }
  }

  @Test
  void theSameRunGetsTheReservationItHas() {
    Command.Reserve wanted = reserve("vol0", FULL_BACKUP, "r1");
    Decision first = decide(withVolume("vol0"), wanted);
    Decision again =
        CatalogRules.decide(first.next(), wanted, NOON.plusSeconds(9), Catalogs.UNSIGNED);
    assertThat(again.reply()).isEqualTo(first.reply());
    assertThat(again.changes()).isEmpty();
  }

  /** The temporal CLI invents workflow ids and a reset keeps them: only all three make a run. */
  @Test
  void anotherRunWorkflowOrOperationIsNotTheSameRun() {
    CatalogState held = after(withVolume("vol0"), reserve("vol0", FULL_BACKUP, "r1"));
    String workflow = "full-backup/vol0";
    for (Command.Reserve other :
        List.of(
            new Command.Reserve("vol0", FULL_BACKUP, workflow, "r2", "hash", Optional.empty()),
            new Command.Reserve("vol0", FULL_BACKUP, "by-hand", "r1", "hash", Optional.empty()),
            new Command.Reserve("vol0", HASH_BACKUP, workflow, "r1", "hash", Optional.empty()))) {
      assertThat(refusal(decide(held, other).reply())).isEqualTo(RefusalCode.ALREADY_RUNNING);
    }
  }

  /** Rule K2: a holder whose run is over is superseded with a higher epoch. */
  @Test
  void aHolderIsReplacedByWhoNamesItsEpoch() {
    CatalogState held = after(withVolume("vol0"), reserve("vol0", FULL_BACKUP, "r1"));
    Decision decision = decide(held, supersede("vol0", HASH_BACKUP, "r2", 2));
    assertThat(reserved(decision.reply()).epoch()).isEqualTo(3);
    assertThat(decision.next().holders("vol0"))
        .extracting(Reservation::originalRunId)
        .containsExactly("r2");
  }

  @Test
  void aHolderOtherThanTheOneFoundOverIsNotReplaced() {
    CatalogState held =
        after(
            withVolume("vol0"),
            reserve("vol0", FULL_BACKUP, "r1"),
            supersede("vol0", FULL_BACKUP, "r2", 2));
    Decision late = decide(held, supersede("vol0", FULL_BACKUP, "r3", 2));
    assertThat(refusal(late.reply())).isEqualTo(RefusalCode.ALREADY_RUNNING);
  }

  @Test
  void supersedingAHolderThatIsGoneJustReserves() {
    Decision decision = decide(withVolume("vol0"), supersede("vol0", FULL_BACKUP, "r2", 1));
    assertThat(reserved(decision.reply()).epoch()).isEqualTo(2);
  }

  @Test
  void aReleaseOfAnotherEpochChangesNothing() {
    CatalogState held = after(withVolume("vol0"), reserve("vol0", FULL_BACKUP, "r1"));
    for (long epoch : new long[] {0, 1, 3}) {
      Decision decision = decide(held, new Command.Release("vol0", epoch));
      assertThat(decision.reply()).isEqualTo(new Reply.Done());
      assertThat(decision.next()).isSameAs(held);
    }
  }

  @Test
  void aReleaseMayArriveTwice() {
    CatalogState held = after(withVolume("vol0"), reserve("vol0", FULL_BACKUP, "r1"));
    Command.Release release = new Command.Release("vol0", 2);
    CatalogState free = after(held, release);
    assertThat(free.holders("vol0")).isEmpty();
    assertThat(decide(free, release).next()).isSameAs(free);
  }

  @Test
  void volumesAreReservedIndependently() {
    CatalogState state =
        after(EMPTY, reserve("vol0", ADD_VOLUME, "r1"), reserve("vol1", ADD_VOLUME, "r2"));
    assertThat(state.reservations()).hasSize(2);
  }

  @Test
  void anUnknownVolumeIsNotReservedForWhatNeedsOne() {
    for (OperationKind kind : List.of(FULL_BACKUP, HASH_BACKUP, DELETE_POINT, CLEAR_VOLUME)) {
      assertThat(refusal(decide(EMPTY, reserve("vol0", kind, "r")).reply()))
          .isEqualTo(RefusalCode.UNKNOWN_VOLUME);
    }
  }

  /** A server may have been away when the volume was cleared. */
  @Test
  void aVolumeIsClearedAgainAfterItsRecordIsGone() {
    CatalogState cleared =
        after(
            withVolume("vol0"),
            reserve("vol0", CLEAR_VOLUME, "r1"),
            new Command.RemoveProtection(2, "vol0"),
            new Command.Release("vol0", 2));
    assertThat(reserved(decide(cleared, reserve("vol0", CLEAR_VOLUME, "r2")).reply()).epoch())
        .isEqualTo(3);
  }

  @Test
  void aReservationWithTextsThatAreMissingOrTooLongIsBadInput() {
    for (String text : Arrays.asList(null, "", "x".repeat(CatalogRules.TEXT_MAX + 1))) {
      Command.Reserve bad =
          new Command.Reserve("vol0", ADD_VOLUME, text, "r", "hash", Optional.empty());
      assertThat(refusal(decide(EMPTY, bad).reply())).isEqualTo(RefusalCode.BAD_INPUT);
    }
    Command.Reserve badName =
        new Command.Reserve("../x", ADD_VOLUME, "w", "r", "hash", Optional.empty());
    assertThat(refusal(decide(EMPTY, badName).reply())).isEqualTo(RefusalCode.BAD_INPUT);
  }

  // ---- fencing

  /** Rule K2: commands carry the epoch, and one that does not hold the volume is fenced. */
  @Test
  void recordsAreChangedOnlyUnderTheEpochThatHoldsTheVolume() {
    CatalogState superseded =
        after(
            withVolume("vol0"),
            reserve("vol0", FULL_BACKUP, "r1"),
            supersede("vol0", CLEAR_VOLUME, "r2", 2));
    for (long epoch : new long[] {0, 1, 2, 4}) {
      for (Command.ForCatalog command :
          List.of(
              new Command.WriteProtection(epoch, record("vol0", 2)),
              new Command.RemoveProtection(epoch, "vol0"))) {
        Decision decision = decide(superseded, command);
        assertThat(refusal(decision.reply())).as("epoch %d", epoch).isEqualTo(RefusalCode.FENCED);
        assertThat(decision.changes()).isEmpty();
      }
    }
    after(superseded, new Command.WriteProtection(3, record("vol0", 2)));
    after(superseded, new Command.RemoveProtection(3, "vol0"));
  }

  @Test
  void aRecordIsNotChangedAfterTheReservationWasGivenBack() {
    Decision decision =
        decide(withVolume("vol0"), new Command.WriteProtection(1, record("vol0", 2)));
    assertThat(refusal(decision.reply())).isEqualTo(RefusalCode.FENCED);
  }

  /** Rule K2: the epoch grows with each reservation, whatever became of the volume. */
  @Test
  void theEpochGoesOnAfterTheVolumeWasRemoved() {
    CatalogState removed =
        after(
            withVolume("vol0"),
            reserve("vol0", CLEAR_VOLUME, "r1"),
            new Command.RemoveProtection(2, "vol0"),
            new Command.Release("vol0", 2));
    assertThat(removed.protections()).isEmpty();
    assertThat(reserved(decide(removed, reserve("vol0", ADD_VOLUME, "r2")).reply()).epoch())
        .isEqualTo(3);
  }

  // ---- protection records

  /** Rule M3: one versioned record per volume, signed by the catalog. */
  @Test
  void aRecordIsSignedAndStoredAsItsNextVersion() throws MalformedFrameException {
    CatalogState held = after(EMPTY, reserve("vol0", ADD_VOLUME, "r1"));
    Decision decision = decide(held, new Command.WriteProtection(1, record("vol0", 1)));
    Signed signed = ((Reply.SignedRecord) decision.reply()).record();
    assertThat(Cbor.read(signed.content().toArray(), ProtectionRecord.class))
        .isEqualTo(record("vol0", 1));
    assertThat(decision.next().records().protections()).containsExactly(signed);
  }

  /** Rule K1: changed only by compare-and-set. */
  @Test
  void aRecordThatIsNotTheNextVersionIsRefused() {
    CatalogState held = after(withVolume("vol0"), reserve("vol0", ADD_VOLUME, "r1"));
    for (long version : new long[] {3, 4}) {
      Decision decision = decide(held, new Command.WriteProtection(2, record("vol0", version)));
      assertThat(refusal(decision.reply())).isEqualTo(RefusalCode.VERSION_CONFLICT);
    }
    ProtectionRecord other =
        new ProtectionRecord(
            1, "vol0", VolumeKind.PLAIN, 4096, "/dev/other", "s0", List.of("a0"), "a0");
    assertThat(refusal(decide(held, new Command.WriteProtection(2, other)).reply()))
        .isEqualTo(RefusalCode.VERSION_CONFLICT);
  }

  @Test
  void theSameRecordMayArriveTwice() {
    CatalogState held = after(EMPTY, reserve("vol0", ADD_VOLUME, "r1"));
    Command.ForCatalog write = new Command.WriteProtection(1, record("vol0", 1));
    Decision first = decide(held, write);
    Decision again = decide(first.next(), write);
    assertThat(again.reply()).isEqualTo(first.reply());
    assertThat(again.changes()).isEmpty();
  }

  @Test
  void removingARecordMayArriveTwice() {
    CatalogState held = after(withVolume("vol0"), reserve("vol0", CLEAR_VOLUME, "r1"));
    Command.ForCatalog remove = new Command.RemoveProtection(2, "vol0");
    CatalogState removed = after(held, remove);
    assertThat(removed.protections()).isEmpty();
    assertThat(decide(removed, remove).next()).isSameAs(removed);
  }

  // ---- servers

  /** Rule K1: changed only by compare-and-set. */
  @Test
  void aServerIsWrittenOverTheVersionThatTheWriterSaw() {
    CatalogState one = after(EMPTY, new Command.WriteServer(server("a0", 1), 0));
    assertThat(refusal(decide(one, new Command.WriteServer(server("a0", 2), 0)).reply()))
        .isEqualTo(RefusalCode.VERSION_CONFLICT);
    assertThat(refusal(decide(one, new Command.WriteServer(server("a1", 2), 1)).reply()))
        .isEqualTo(RefusalCode.VERSION_CONFLICT);
    CatalogState two = after(one, new Command.WriteServer(server("a0", 2), 1));
    assertThat(two.records().servers()).containsExactly(server("a0", 2));
    assertThat(two.records().serverVersions()).containsEntry("a0", 2L);
  }

  @Test
  void theSameServerMayArriveTwice() {
    Command.ForCatalog write = new Command.WriteServer(server("a0", 1), 0);
    CatalogState one = after(EMPTY, write);
    Decision again = decide(one, write);
    assertThat(again.reply()).isEqualTo(new Reply.Written(1));
    assertThat(again.next()).isSameAs(one);
  }

  // ---- all of it

  @Test
  void aReadTellsEverythingAtOneRevision() {
    CatalogState state =
        after(
            withVolume("vol0"),
            new Command.WriteServer(server("a0", 1), 0),
            reserve("vol0", FULL_BACKUP, "r1"));
    Reply.CatalogRecords records =
        (Reply.CatalogRecords) decide(state, new Command.ReadCatalog()).reply();
    assertThat(records.group()).isEqualTo("g");
    assertThat(records.revision()).isEqualTo(5);
    assertThat(records.servers()).hasSize(1);
    assertThat(records.protections()).hasSize(1);
    assertThat(records.reservations()).hasSize(1);
  }

  @Test
  void aFullCatalogRefusesRecordsAndStillFitsAFrame() {
    CatalogState state = EMPTY;
    Reply reply = new Reply.Done();
    for (int i = 0; !refusedForSpace(reply); i++) {
      ServerRecord large = new ServerRecord("a" + i, Role.ARCHIVE, "n0", "x".repeat(3000), "");
      Decision decision = decide(state, new Command.WriteServer(large, 0));
      state = decision.next();
      reply = decision.reply();
    }
    reply = new Reply.Done();
    for (int i = 0; !refusedForSpace(reply); i++) {
      Decision decision = decide(state, reserve("vol" + i, ADD_VOLUME, "r".repeat(900)));
      state = decision.next();
      reply = decision.reply();
    }
    assertThat(state.servers().size()).isGreaterThan(200);
    assertThat(state.reservations()).isNotEmpty();
    assertThat(Cbor.write(new Message.Answer(state.records())).length)
        .isLessThanOrEqualTo(FrameCodec.HEAD_BYTES_MAX);
  }

  @Test
  void aRecordThatIsTooLargeIsRefused() {
    ServerRecord large =
        new ServerRecord("a0", Role.ARCHIVE, "n0", "x".repeat(CatalogRules.RECORD_BYTES_MAX), "");
    Decision decision = decide(EMPTY, new Command.WriteServer(large, 0));
    assertThat(refusal(decision.reply())).isEqualTo(RefusalCode.BAD_INPUT);
  }

  private static boolean refusedForSpace(Reply reply) {
    return reply instanceof Reply.Refused(var refusal, var _)
        && refusal.code() == RefusalCode.NO_SPACE;
  }

  private static List<OperationKind> reserving() {
    return Arrays.stream(OperationKind.values()).filter(Exclusion::reserves).toList();
  }
}
