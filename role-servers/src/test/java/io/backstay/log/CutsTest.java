package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Cut;
import io.backstay.model.OnLogFull;
import io.backstay.model.RefusalCode;
import io.backstay.model.Session;
import io.backstay.twin.ProcessDiedError;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions and cuts of a logged volume over a disk in memory. */
@Timeout(60)
class CutsTest extends CutsGround {
  private static final int WRITES_PER_CUT = 100;

  /** Rule M2. */
  @Test
  void theLocalSessionHasNoCutsAndKeepsNothing() throws Exception {
    make(64 << 20);
    writeMiB(5);
    assertThat(refusal(() -> volume.snapshot(Optional.empty(), Optional.empty())))
        .isEqualTo(RefusalCode.NOT_PROTECTED);
    assertThat(client.flush()).isZero();
    while (volume.position().oldest() < volume.position().latest()) Thread.onSpinWait();
    assertThat(volume.history().session().number()).isZero();
    assertThat(cuts()).isEmpty();
  }

  /** Rule M1. */
  @Test
  void aSnapshotHasEverythingThatWasAcknowledgedBeforeAndNothingThatCameLater() throws Exception {
    make(64 << 20);
    write(4096);
    Session session = volume.openSession(1, UUID, 5);
    byte[] image = model.clone();
    Cut before = cuts().getFirst();
    assertThat(before.gid()).isEqualTo(5);
    assertThat(before.lsid()).isEqualTo(session.firstLsid());
    for (int i = 0; i < 5; i++) {
      for (int many = random.nextInt(20); many >= 0; many--) write(512 * (1 + random.nextInt(99)));
      byte[] then = model.clone();
      Cut cut = volume.snapshot(Optional.of("s" + i), Optional.empty());
      write(4096);
      assertThat(volume.position().durable()).isGreaterThanOrEqualTo(cut.lsid());
      assertThat(cut.gid()).isEqualTo(before.gid() + 1);
      assertThat(cut.firstWrite().orElseThrow()).isBetween(before.time(), cut.time());
      Replay.apply(volume.extract(), before.lsid(), cut.lsid(), image);
      assertThat(Arrays.mismatch(image, then)).as("image at %s", cut).isEqualTo(-1);
      before = cut;
    }
    List<Cut> all = cuts();
    disk.powerLoss(random);
    open();
    assertThat(cuts()).as("none of them moved").isEqualTo(all);
  }

  /** Rule M1. */
  @Test
  void aCutLiesBetweenTwoPacksAlsoWhileClientsWrite() throws Exception {
    make(64 << 20);
    volume.openSession(1, UUID, 0);
    Semaphore room = new Semaphore(0); // more writes than this would fill the log (rule L6)
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(() -> {
          for (int i = 0; i < 20 * WRITES_PER_CUT; i++) {
            room.acquireUninterruptibly();
            write(512);
          }
        });
    long before = cuts().getFirst().lsid();
    for (int i = 0; i < 20; i++) {
      room.release(WRITES_PER_CUT);
      long lsid = volume.cut().lsid();
      if (lsid > before) volume.extract().run(before, lsid, (_, _) -> {});
      before = lsid;
    }
    writer.join();
    assertThat(cuts()).hasSize(21);
  }

  /** Rule M1. */
  @Test
  void whoAsksTwiceGetsTwoGids() throws Exception {
    make(64 << 20);
    volume.openSession(1, UUID, 0);
    Cut one = volume.snapshot(Optional.empty(), Optional.empty());
    Cut two = volume.snapshot(Optional.of("again"), Optional.empty());
    assertThat(two.gid()).isEqualTo(one.gid() + 1);
    assertThat(two.lsid()).isEqualTo(one.lsid());
  }

  /** Rule M1. */
  @Test
  void afterEach32MiBOfLogThereIsACutAtTheEndOfAPack() throws Exception {
    make(200 << 20);
    volume.openSession(1, UUID, 0);
    writeMiB(150);
    assertThat(client.flush()).isZero();
    while (cuts().size() < 5) Thread.onSpinWait();
    assertIntervals(cuts());
  }

  private void assertIntervals(List<Cut> cuts) throws IOException {
    List<Long> ends = new ArrayList<>(List.of(cuts.getFirst().lsid()));
    volume
        .extract()
        .run(
            cuts.getFirst().lsid(),
            volume.position().durable(),
            (pack, _) -> ends.add(pack.nextLsid()));
    for (int i = 1; i < cuts.size(); i++) {
      Cut cut = cuts.get(i);
      assertThat(cut.gid()).isEqualTo(cuts.get(i - 1).gid() + 1);
      assertThat(cut.lsid() - cuts.get(i - 1).lsid()).isBetween(32 * MIB_BLOCKS, 33 * MIB_BLOCKS);
      assertThat(ends).contains(cut.lsid());
    }
  }

  /**
   * Rule M1: redo makes missing size cuts, with unknown first-write time. Rule M4: behind the last
   * of them more was written before their time, so there is one more, with that time.
   */
  @Test
  void cutsThatADeadProcessDidNotMakeAreMadeBeforeTheFirstWrite() throws Exception {
    make(200 << 20);
    for (int number = 1; number < 3; number++) {
      volume.openSession(number, new SessionUuid(number, 0), 100L * number);
      for (String file : List.of("cuts", "cuts.tmp"))
        disk.failWrites("/server/vol0/" + file, 0, Long.MAX_VALUE);
      writeMiB(100);
      assertThat(client.flush()).isZero();
      assertThat(cuts()).hasSize(1);
      disk.healFaults();
      if (number == 1) disk.processDeath();
      else disk.powerLoss(random);
      open();
      assertThat(cuts()).hasSize(5);
      assertThat(cuts().getLast().firstWrite()).isEmpty();
      assertThat(cuts().getLast().lsid()).isEqualTo(volume.position().latest());
      assertThat(cuts().stream().skip(1).map(Cut::time).distinct()).hasSize(1);
      assertIntervals(cuts().subList(0, 4));
      assertContent();
    }
  }

  /** Rule M1. */
  @Test
  void aTimerMakesCutsWhileThereAreWrites() throws Exception {
    cutInterval = Duration.ofSeconds(1);
    make(64 << 20);
    volume.openSession(1, UUID, 0);
    write(512);
    while (cuts().size() < 2) Thread.onSpinWait();
    write(512);
    while (cuts().size() < 3) Thread.onSpinWait();
    assertThat(cuts().getLast().explicit()).isFalse();
    assertThat(cuts().getLast().lsid()).isEqualTo(volume.position().latest());
    assertThatThrownBy(() ->
            new LogSettings(
                TAIL_BYTES, checkpointInterval, Duration.ofMillis(999), OnLogFull.BLOCK))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Rule L4: oldest never exceeds the stored written. */
  @Test
  void logIsKeptUntilItIsReleasedAndOnTheDataDevice() throws Exception {
    make(64 << 20);
    volume.openSession(1, UUID, 0);
    long begin = volume.position().latest();
    writeMiB(6);
    Cut cut = volume.cut();
    while (volume.position().written() < cut.lsid()) Thread.onSpinWait();
    assertThat(volume.position().oldest()).isEqualTo(begin);
    disk.powerLoss(random);
    open();
    assertThat(volume.position().oldest()).isEqualTo(begin);
    volume.release(cut.lsid());
    while (volume.position().oldest() < cut.lsid()) Thread.onSpinWait();
    volume.release(cut.lsid() + 1_000_000);
    write(4096);
    assertThat(client.flush()).isZero();
    while (volume.position().written() < volume.position().latest()) Thread.onSpinWait();
    assertThat(volume.position().oldest()).isLessThanOrEqualTo(volume.position().written());
    volume.stop();
    open();
    assertContent();
  }

  /** Rule M1: whoever sends the log began again with cuts whose log was sent, and gone. */
  @Test
  void afterARestartCutsBeginWhereTheLogBegins() throws Exception {
    make(64 << 20);
    volume.openSession(1, UUID, 0);
    for (int i = 0; i < 3; i++) {
      write(4096);
      volume.cut();
    }
    Cut sent = cuts().get(2);
    write(4096);
    volume.cut();
    volume.release(sent.lsid());
    while (volume.position().oldest() < sent.lsid()) Thread.onSpinWait();
    checkpointInterval = Duration.ofHours(1);
    disk.processDeath();
    open();
    assertThat(volume.feed().oldest()).contains(sent);
  }

  /** Rule L6. */
  @Test
  void whenTheLogIsFullItIsGivenUpAndNobodyWaits() throws Exception {
    make(16 << 20);
    volume.openSession(1, UUID, 3);
    Cut begin = cuts().getFirst();
    writeMiB(2);
    Cut lost = volume.snapshot(Optional.of("lost"), Optional.empty());
    writeMiB(60);
    assertContent();
    LogHistory history = volume.history();
    assertThat(history.isProtected()).isFalse();
    assertThat(history.isNeverRestorable(lost)).isTrue();
    assertThat(history.isNeverRestorable(begin)).isFalse();
    assertThatThrownBy(() -> volume.extract().run(begin.lsid(), lost.lsid(), (_, _) -> {}))
        .isInstanceOf(LogGivenUpException.class);
    assertThat(refusal(() -> volume.snapshot(Optional.empty(), Optional.empty())))
        .isEqualTo(RefusalCode.NOT_PROTECTED);
    disk.processDeath();
    open();
    assertThat(volume.history().givenUp()).isEqualTo(history.givenUp());
    assertThat(volume.history().isNeverRestorable(lost)).isTrue();
    volume.stop();
    open();
    assertContent();
  }

  /** Rule L6: the mark and the new oldest are durable before the first block is overwritten. */
  @Test
  void aLossOfPowerAroundAnOverflowNeverLeavesOverwrittenLogWithoutAMark() throws Exception {
    make(16 << 20);
    for (int life = 1; life < 12; life++) {
      volume.openSession(life, new SessionUuid(life, life), 10L * life);
      Cut begin = cuts().getFirst();
      byte[] image = read();
      writeMiB(8 + random.nextInt(16));
      assertThat(client.flush()).isZero();
      byte[] then = model.clone();
      disk.powerLoss(random);
      open();
      assertContent();
      if (volume.history().isProtected()) {
        Replay.apply(volume.extract(), begin.lsid(), volume.position().durable(), image);
        assertThat(Arrays.mismatch(image, then)).as("life %d", life).isEqualTo(-1);
      }
    }
  }

  private byte[] read() {
    byte[] all = new byte[BYTES];
    for (int at = 0; at < BYTES; at += 64 << 10)
      System.arraycopy(client.read(at, 64 << 10), 0, all, at, 64 << 10);
    return all;
  }

  /** Rule L6. */
  @Test
  void whoPrefersToBlockWaitsUntilTheLogIsReleased() throws Exception {
    onFull = OnLogFull.BLOCK;
    make(16 << 20);
    volume.openSession(1, UUID, 0);
    CompletableFuture<Boolean> ended =
        CompletableFuture.supplyAsync(() -> {
          writeMiB(20);
          return true;
        });
    while (!volume.position().full()) Thread.onSpinWait();
    long durable = volume.position().durable();
    while (volume.position().written() < durable) Thread.onSpinWait();
    assertThat(ended).isNotDone();
    assertThat(volume.history().isProtected()).isTrue();
    while (!ended.isDone()) volume.release(volume.position().durable());
    assertThat(ended.join()).isTrue();
    assertContent();
  }

  /** Rules M1 and L6: a volume goes by other settings while it is used. */
  @Test
  void howTheLogIsKeptChangesWhileWritersWaitForIt() throws Exception {
    onFull = OnLogFull.BLOCK;
    make(16 << 20);
    volume.openSession(1, UUID, 0);
    write(4096);
    assertThat(cuts()).hasSize(1);
    volume.keepLog(LogSettings.CUT_INTERVAL_MIN, OnLogFull.BLOCK);
    while (cuts().size() < 2) Thread.onSpinWait();
    CompletableFuture<Void> ended = CompletableFuture.runAsync(() -> writeMiB(20));
    while (!volume.position().full()) Thread.onSpinWait();
    assertThat(ended).isNotDone();
    volume.keepLog(cutInterval, OnLogFull.OVERFLOW);
    ended.join();
    assertThat(volume.history().isProtected()).isFalse();
    assertContent();
  }

  private int salt() throws IOException {
    try (LogDevice log = LogDevice.open(disk.devices().openReadOnly("/dev/log"))) {
      return log.stored().salt();
    }
  }

  /** Rule M2. */
  @Test
  void aResetBeginsASessionWithAnotherUuidAndSaltAndLsidsGoOn() throws Exception {
    make(16 << 20);
    volume.openSession(1, UUID, 0);
    LogExtract old = volume.extract();
    writeMiB(20);
    int salt = salt();
    long latest = volume.position().latest();
    Session session = volume.reset();
    assertThat(session.number()).isEqualTo(2);
    assertThat(session.uuid()).isNotEqualTo(UUID);
    assertThat(session.firstLsid()).isGreaterThanOrEqualTo(latest);
    assertThat(session.isLocal()).isTrue();
    assertThat(salt()).isNotEqualTo(salt);
    write(4096);
    assertThat(client.flush()).isZero();
    assertThatThrownBy(
            () -> old.run(session.firstLsid(), volume.position().durable(), (_, _) -> {}))
        .isInstanceOf(LogGivenUpException.class);
    disk.powerLoss(random);
    open();
    assertThat(volume.history().session()).isEqualTo(session);
    assertContent();
    assertThat(refusal(() -> volume.openSession(2, UUID, 9)))
        .isEqualTo(RefusalCode.VERSION_CONFLICT);
    assertThat(refusal(() -> volume.openSession(3, UUID, 0)))
        .isEqualTo(RefusalCode.VERSION_CONFLICT);
    assertThat(volume.openSession(3, UUID, 1).firstLsid())
        .isEqualTo(volume.openSession(3, UUID, 1).firstLsid());
  }

  /** Rule M2: whatever step of the switch is the last, it is one session or the other. */
  @Test
  void aProcessThatDiesWhileASessionBeginsLeavesTheOldOneOrTheNewOne() throws Exception {
    make(16 << 20);
    for (int step = 1, number = 1; ; step++) {
      boolean power = random.nextBoolean();
      Session before = volume.history().session();
      SessionUuid uuid = new SessionUuid(step, 1);
      for (int i = 0; i < 10; i++) write(512 * (1 + random.nextInt(99)));
      assertThat(client.flush()).isZero();
      int[] left = {step};
      int next = number;
      Thread caller = Thread.currentThread();
      disk.beforeEachOperation(_ -> {
        if (!Thread.currentThread().equals(caller) || --left[0] > 0) return;
        if (power) disk.powerLoss(random);
        else disk.processDeath();
      });
      boolean died = false;
      try {
        volume.openSession(next, uuid, next);
      } catch (ProcessDiedError e) {
        died = true;
      }
      disk.beforeEachOperation(_ -> {});
      if (!died) {
        assertThat(step).as("steps at which it died").isGreaterThan(20);
        return;
      }
      open();
      Session after = volume.history().session();
      if (!after.equals(before)) {
        assertThat(after.uuid()).isEqualTo(uuid);
        assertThat(cuts()).hasSize(1);
        number++;
      }
      assertContent();
      write(4096);
      assertThat(client.flush()).isZero();
      disk.powerLoss(random);
      open();
      assertThat(volume.history().session()).isEqualTo(after);
      assertContent();
    }
  }
}
