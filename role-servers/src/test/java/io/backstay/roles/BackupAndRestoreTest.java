package io.backstay.roles;

import static io.backstay.roles.TwinGroup.MIB;
import static io.backstay.roles.TwinGroup.read;
import static io.backstay.roles.TwinGroup.restore;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.OperationReport;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Point;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.BlockDevice;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BackupAndRestoreTest {
  private static final int SIZE = 11 * MIB + 3 * 512;
  private static final Pattern TARGET_WRITE =
      Pattern.compile("write(?:-rest)? \\d+\\+(\\d+) /restore/a");

  @RegisterExtension final TwinGroup group = new TwinGroup();
  private byte[] content;

  @BeforeEach
  void addVolume() throws Exception {
    group.start();
    content = group.addVolume(SIZE, 7);
  }

  @Test
  void everyByteComesBackAndZeroesAreNeitherSentNorStored() throws Exception {
    WorkResult.BackedUp result = group.backUp("r1/backup", 2);

    assertThat(result.gid()).isZero();
    assertThat(result.proof()).isEqualTo(Point.Proof.UNCHANGED);
    assertThat(result.bytesSent())
        .isLessThan(SIZE)
        .isEqualTo(group.points().getFirst().storedBytes());
    assertThat(group.restored("r2/restore", 0, "/restore/a")).isEqualTo(content);
  }

  @Test
  void aRestoreWritesWhatHoldsDataAndNothingElseRuleX8() throws Exception {
    group.backUp("r1/backup", 2);
    AtomicLong written = new AtomicLong();
    group.archive.disk.beforeEachOperation(operation -> {
      Matcher write = TARGET_WRITE.matcher(operation);
      if (write.matches()) written.addAndGet(Long.parseLong(write.group(1)));
    });

    assertThat(group.restored("r2/restore", 0, "/restore/a")).isEqualTo(content);

    long holdingData = group.points().getFirst().storedBytes();
    assertThat(written.get()).isEqualTo(holdingData).isLessThan(SIZE);
  }

  @Test
  void aRestoreOntoAnotherNodeIsWrittenByItsStorage() throws Exception {
    group.backUp("r1/backup", 2);
    Work.Receiver receiver = new Work.Receiver("s0", group.storage.address);

    group.archive.start(
        "r2/restore",
        0,
        restore(
            0, "/restore/b", Optional.of(receiver), Work.Overwrite.ONLY_EMPTY, Optional.empty()));

    assertThat(group.archive.await("r2/restore").state()).isEqualTo(State.DONE);
    assertThat(read(group.storage.disk, "/restore/b")).isEqualTo(content);
  }

  @Test
  void anOperationThatWasCancelledBeforeItsStartCameNeverBeginsRuleK3() throws Exception {
    assertThatThrownBy(() -> group.storage.cancel("r1/backup"))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.UNKNOWN_OPERATION));
    group.storage.dieAndStart();

    assertThatThrownBy(() -> group.storage.start("r1/backup", 2, group.backup()))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.CANCELLED));
    assertThat(group.points()).isEmpty();
    assertThat(group.backUp("r2/backup", 2).gid()).isZero();
  }

  @Test
  void aSecondBackupLeavesTheFirstRestorable() throws Exception {
    group.backUp("r1/backup", 2);
    byte[] second = group.rewriteSource(SIZE, 8);
    assertThat(group.backUp("r2/backup", 3).gid()).isEqualTo(1);

    assertThat(group.restored("r3/restore", 0, "/restore/a")).isEqualTo(content);
    assertThat(group.restored("r4/restore", 1, "/restore/b")).isEqualTo(second);
  }

  @Test
  void theArchiveDiesInTheMiddleAndNothingDurableIsSentAgain() throws Exception {
    AtomicInteger writes = new AtomicInteger();
    group.archive.disk.beforeEachOperation(operation -> {
      if (operation.startsWith("write") && writes.incrementAndGet() == 40) kill(group.archive);
    });

    WorkResult.BackedUp result = group.backUp("r1/backup", 2);

    assertThat(writes.get()).isGreaterThan(40);
    assertThat(result.bytesSent() - result.bytesResent())
        .isEqualTo(group.points().getFirst().storedBytes());
    assertThat(group.restored("r2/restore", 0, "/restore/a")).isEqualTo(content);
  }

  /**
   * The operation that the killer interrupts belongs to the dead process; the next one starts on a
   * thread of its own.
   */
  private static void kill(TwinGroup.Server server) {
    io.backstay.seam.Time.system()
        .fork(
            "killer",
            () -> {
              try {
                server.dieAndStart();
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
  }

  @Test
  void theStorageDiesInTheMiddleAndGoesOnWithItsLedgerRuleK3() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    group.storage.disk.beforeEachOperation(operation -> {
      if (operation.startsWith("read") && reads.incrementAndGet() == 30) kill(group.storage);
    });
    group.storage.start("r1/backup", 2, group.backup());
    OperationReport report;
    do {
      report = watchThroughDeath("r1/backup");
    } while (report == null || report.running());

    assertThat(report.state()).isEqualTo(State.DONE);
    assertThat(group.restored("r2/restore", 0, "/restore/a")).isEqualTo(content);
  }

  private OperationReport watchThroughDeath(String operation) throws Exception {
    try {
      return group.storage.watch(operation);
    } catch (RefusedException e) {
      return null;
    }
  }

  @Test
  void theSameOperationAttachesAndAnswersAfterARestartOtherWorkIsRefusedRuleK3() throws Exception {
    WorkResult.BackedUp result = group.backUp("r1/backup", 2);
    group.storage.dieAndStart();

    assertThat(group.storage.start("r1/backup", 2, group.backup()).result()).contains(result);
    assertThat(group.points()).hasSize(1);
    assertThatThrownBy(
            () -> group.storage.start("r1/backup", 2, new Work.FullBackup("a0", "x:1", 0)))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.DIFFERENT_INPUT));
  }

  @Test
  void aLowerEpochChangesNothingRuleK2() throws Exception {
    group.backUp("r5/backup", 5);

    assertThatThrownBy(() -> group.storage.start("r4/backup", 4, group.backup()))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.FENCED));
    assertThat(group.points()).hasSize(1);
  }

  @Test
  void aHigherEpochSupersedesTheRunThatHoldsTheVolumeRuleK2() throws Exception {
    group.storage.start("r1/backup", 2, new Work.FullBackup("a0", group.archive.address, MIB));

    group.storage.start("r2/backup", 3, group.backup());

    assertThat(TwinGroup.refusal(group.storage.watch("r1/backup")))
        .isEqualTo(RefusalCode.SUPERSEDED);
    assertThat(group.storage.await("r2/backup").state()).isEqualTo(State.DONE);
    assertThat(group.restored("r3/restore", 0, "/restore/a")).isEqualTo(content);
  }

  @Test
  void aSourceThatIsWrittenMeanwhileMakesNoPointAndTheNextRunBeginsAgainRuleL10() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    group.storage.disk.beforeEachOperation(operation -> {
      if (!operation.startsWith("read") || reads.incrementAndGet() != 6) return;
      try {
        content = group.rewriteSource(SIZE, 9);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    });
    group.storage.start("r1/backup", 2, group.backup());
    assertThat(TwinGroup.refusal(group.storage.await("r1/backup")))
        .isEqualTo(RefusalCode.SOURCE_CHANGED);
    assertThat(group.points()).isEmpty();

    WorkResult.BackedUp second = group.backUp("r2/backup", 3);
    assertThat(second.startedAt()).isZero();
    assertThat(group.restored("r3/restore", 0, "/restore/a")).isEqualTo(content);
  }

  @Test
  void withoutEvidenceThePointIsMarkedUnprovenRuleL10() throws Exception {
    group.storage.disk.canStamp(false);
    assertThat(group.backUp("r1/backup", 2).proof()).isEqualTo(Point.Proof.UNPROVEN);
    group.storage.disk.canFreeze(true);
    assertThat(group.backUp("r2/backup", 3).proof()).isEqualTo(Point.Proof.FROZEN);
  }

  @Test
  void anUnreadablePlaceIsNamedAndTheBackupGoesOnWhenItIsMended() throws Exception {
    group.storage.disk.failReads(TwinGroup.SOURCE, 5 * MIB + 8192, 5 * MIB + 12288);
    group.storage.start("r1/backup", 2, group.backup());
    OperationReport waiting = awaitWaiting(group.storage, "r1/backup", "offset");
    assertThat(waiting.waiting().orElseThrow()).contains("offset " + (5 * MIB + 8192));

    group.storage.disk.healFaults();

    assertThat(group.storage.await("r1/backup").state()).isEqualTo(State.DONE);
    assertThat(group.restored("r2/restore", 0, "/restore/a")).isEqualTo(content);
  }

  @Test
  void aFullArchiveIsSaidAndTheBackupGoesOnWhenThereIsRoom() throws Exception {
    group.archive.disk.capacity(3 * MIB);
    group.storage.start("r1/backup", 2, group.backup());
    assertThat(awaitWaiting(group.storage, "r1/backup", "space").state()).isEqualTo(State.RUNNING);

    group.archive.disk.capacity(100L * MIB);

    assertThat(group.storage.await("r1/backup").state()).isEqualTo(State.DONE);
    assertThat(group.restored("r2/restore", 0, "/restore/a")).isEqualTo(content);
  }

  private static OperationReport awaitWaiting(
      TwinGroup.Server server, String operation, String word) throws Exception {
    OperationReport report;
    do {
      report = server.watch(operation);
    } while (report.running() && !report.waiting().orElse("").contains(word));
    return report;
  }

  @Test
  void aFailedFlushAtTheArchiveNeverCountsAsDurableRuleL3() throws Exception {
    group.archive.disk.failNextFlush("/state/volumes/vol0/image-000000.raw");
    group.backUp("r1/backup", 2);
    assertThat(group.restored("r2/restore", 0, "/restore/a")).isEqualTo(content);
  }

  @Test
  void aSourceShorterThanTheVolumeIsRefusedWithBothSizes() throws Exception {
    group.storage.disk.directory("/dev").delete("source");
    try (BlockDevice shorter = group.storage.disk.devices().create(TwinGroup.SOURCE, 4 * MIB)) {
      assertThat(shorter.sizeBytes()).isEqualTo(4 * MIB);
    }
    group.storage.start("r1/backup", 2, group.backup());
    OperationReport report = group.storage.await("r1/backup");
    assertThat(TwinGroup.refusal(report)).isEqualTo(RefusalCode.SOURCE_SHORTER);
    assertThat(report.refusal().orElseThrow().found()).contains(Integer.toString(4 * MIB));
  }

  @Test
  void aRottenBitIsNeverRestoredAndVerifyNamesItRuleX9() throws Exception {
    group.backUp("r1/backup", 2);
    group.archive.disk.rot("/state/volumes/vol0/image-000000.raw", firstData(), 3);

    group.archive.start("r2/restore", 0, restore(0, "/restore/a"));
    assertThat(TwinGroup.refusal(group.archive.await("r2/restore"))).isEqualTo(RefusalCode.CORRUPT);
    group.archive.start("r3/verify", 0, new Work.Verify(0, 0));
    OperationReport report = group.archive.await("r3/verify");
    assertThat(TwinGroup.refusal(report)).isEqualTo(RefusalCode.VERIFICATION_FAILED);
    assertThat(report.refusal().orElseThrow().found()).contains("damage at byte");
  }

  @Test
  void aDamagedSidecarIsDamageAndNeverZeroesRuleX9() throws Exception {
    group.backUp("r1/backup", 2);
    for (int bit = 0; bit < 8; bit++)
      group.archive.disk.rot("/state/volumes/vol0/image-000000.sums", 4096, bit);
    group.archive.start("r2/restore", 0, restore(0, "/restore/a"));
    assertThat(TwinGroup.refusal(group.archive.await("r2/restore"))).isEqualTo(RefusalCode.CORRUPT);
  }

  private long firstData() {
    int at = 0;
    while (content[at] == 0) at++;
    return at;
  }

  @Test
  void aWholePointVerifiesAgainstTheSourcesHashesRuleL10() throws Exception {
    group.backUp("r1/backup", 2);
    group.archive.start("r2/verify", 0, new Work.Verify(0, 0));
    assertThat(group.archive.await("r2/verify").result().orElseThrow())
        .isInstanceOfSatisfying(
            WorkResult.Verified.class,
            verified -> assertThat(verified.bytesCompared()).isEqualTo(SIZE));
  }

  @Test
  void aCancelledBackupLeavesBothServersSteadyAndTheNextRunAdoptsWhatIsThereRuleK3()
      throws Exception {
    group.storage.start("r1/backup", 2, new Work.FullBackup("a0", group.archive.address, 4 * MIB));
    while (group.storage.watch("r1/backup").bytesDone() < 2 * MIB) Thread.onSpinWait();

    assertThat(group.storage.cancel("r1/backup").state()).isEqualTo(State.CANCELLED);

    assertThat(group.backUp("r2/backup", 3).startedAt()).isGreaterThanOrEqualTo(2 * MIB);
    assertThat(group.restored("r3/restore", 0, "/restore/a")).isEqualTo(content);
  }
}
