package io.backstay.roles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.log.Client;
import io.backstay.model.OperationReport;
import io.backstay.model.RefusalCode;
import io.backstay.model.Shipping;
import io.backstay.model.Signed;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A logged volume, its storage, a proxy and an archive: from a write to the restored byte. */
class ContinuousBackupTest {
  private static final int MIB = 1 << 20;
  private static final int BYTES = 8 * MIB;
  private static final Shipping BY_P0 = Shipping.by(List.of("p0"));
  @RegisterExtension final TwinGroup group = new TwinGroup();
  private final Random random = new Random(7);
  private final LoggedSource source = new LoggedSource(group, BYTES);

  @BeforeEach
  void begin() throws Exception {
    group.start();
    group.proxy.start();
    source.add(BY_P0);
  }

  @Test
  void everySnapshotIsRestoredAsItWasTakenAtTheSource() throws Exception {
    source.write(40);
    long end = source.backUp("run/full");
    source.history.put(end, source.model.clone());
    for (int i = 0; i < 5; i++) {
      source.write(30);
      source.snapshot("run/snapshot" + i);
    }
    source.awaitPoint(source.newest());
    for (long gid : source.history.keySet()) source.assertRestored(gid);
  }

  @Test
  void aFullBackupOfAVolumeInUseBecomesCleanByItsLog() throws Exception {
    source.write(40);
    group.storage.start("run/full", 2, group.backup());
    for (int i = 0; i < 200; i++) source.write(1);
    var result = (WorkResult.BackedUp) group.storage.await("run/full").result().orElseThrow();
    source.snapshot("run/after");
    long gid = source.history.keySet().iterator().next();
    assertThat(gid).isGreaterThan(result.gid());
    source.awaitPoint(gid);
    source.assertRestored(gid);
  }

  /** Rules X1 and X2. */
  @Test
  void writesGoOnAndArriveWhateverServerDiesInBetween() throws Exception {
    source.backUp("run/full");
    for (TwinGroup.Server server : List.of(group.proxy, group.archive, group.storage)) {
      source.write(30);
      server.dieAndStart();
      source.write(30);
      source.snapshot("run/after-" + server.self.name());
    }
    source.awaitPoint(source.newest());
    for (long gid : source.history.keySet()) source.assertRestored(gid);
  }

  /** Rule X1: what becomes durable at a proxy holds up neither what follows nor its memory. */
  @Test
  void intervalsAreReceivedAndConvertedWhileOneBecomesDurable() throws Exception {
    source.backUp("run/full");
    CountDownLatch converted = new CountDownLatch(3);
    AtomicBoolean held = new AtomicBoolean();
    AtomicBoolean overtaken = new AtomicBoolean();
    group.proxy.disk.beforeEachOperation(operation -> {
      if (!operation.contains("/draft-")) return;
      if (operation.startsWith("create")) converted.countDown();
      if (operation.startsWith("flush") && !held.getAndSet(true)) overtaken.set(awaited(converted));
    });
    for (int i = 0; i < 3; i++) {
      source.write(5);
      source.snapshot("run/snapshot" + i);
    }
    source.awaitPoint(source.newest());
    assertThat(overtaken).isTrue();
  }

  private static boolean awaited(CountDownLatch latch) {
    try {
      return latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  /** Rule X5. */
  @Test
  void aLogThatIsGivenUpDuringABackupMakesItBeginAgainAndKeepWhatIsStillRight() throws Exception {
    source.fill();
    group.proxy.die();
    group.storage.start("run/full", 2, new Work.FullBackup("a0", group.archive.address, 3 * MIB));
    while (group.storage.watch("run/full").bytesDone() < 2 * MIB) Thread.onSpinWait();
    int session = source.logFacts().session();
    while (source.logFacts().givenUp().isEmpty() && source.logFacts().session() == session)
      writeMuch();
    group.proxy.start();
    OperationReport report = group.storage.await("run/full");
    assertThat(report.state()).as("%s", report).isEqualTo(OperationReport.State.DONE);
    var result = (WorkResult.BackedUp) report.result().orElseThrow();
    assertThat(source.logFacts().session()).isGreaterThan(session);
    assertThat(result.bytesSent()).isLessThan(2L * BYTES);
    source.write(20);
    source.snapshot("run/after");
    long gid = source.history.keySet().iterator().next();
    source.awaitPoint(gid);
    source.assertRestored(gid);
  }

  /** A MiB at the end of the volume, where the backup comes last. */
  private void writeMuch() throws Exception {
    source.putRandom(BYTES - MIB, MIB);
  }

  /** Rule M2. */
  @Test
  void aSecondFullBackupStaysInTheSessionAndTheOldPointsStay() throws Exception {
    source.write(20);
    source.backUp("run/full1");
    source.write(20);
    source.snapshot("run/one");
    source.write(20);
    long second = source.backUp("run/full2");
    source.history.put(second, source.model.clone());
    source.write(20);
    source.snapshot("run/two");
    source.awaitPoint(source.newest());
    for (long gid : source.history.keySet()) source.assertRestored(gid);
  }

  /** Rules X8 and X10: what is under the point may move on, but not beyond it. */
  @Test
  void anExportedSnapshotIsReadAtOnceAndHeldAgainstAnApplyBeyondIt() throws Exception {
    source.write(40);
    source.backUp("run/full");
    for (int i = 0; i < 4; i++) {
      source.write(30);
      source.snapshot("run/snapshot" + i);
    }
    List<Long> gids = source.history.keySet().stream().sorted().toList();
    source.awaitPoint(gids.getLast());
    long exported = gids.get(2);
    group.archive.service.answer(
        TwinGroup.WORKER, new Command.OpenExport("vol0", exported, "then", true));
    Client client = new Client(group.archive.door.export("then"));
    assertThat(client.read(0, BYTES / 2))
        .isEqualTo(Arrays.copyOf(source.history.get(exported), BYTES / 2));
    apply("run/apply1", gids.get(1));
    assertThat(group.archive.await("run/apply1").state()).isEqualTo(OperationReport.State.DONE);
    byte[] expected = source.history.get(exported).clone();
    byte[] bytes = new byte[9 * 512];
    random.nextBytes(bytes);
    assertThat(client.write(512, bytes, true)).isZero();
    System.arraycopy(bytes, 0, expected, 512, bytes.length);
    assertThat(client.read(0, BYTES)).isEqualTo(expected);
    assertThatThrownBy(() -> apply("run/apply3", gids.get(3))).hasMessageContaining("held");
    group.archive.dieAndStart();
    while (group.archive.door.export("then") == null) Thread.onSpinWait();
    client = new Client(group.archive.door.export("then"));
    assertThat(client.read(0, BYTES)).isEqualTo(expected);
    source.assertRestored(exported);
  }

  private void apply(String operation, long gid) throws Exception {
    Optional<Signed> grant = Optional.of(TwinGroup.grant("apply", Long.toString(gid), operation));
    group.archive.start(operation, 3, new Work.Apply(gid, "hash", grant));
  }

  @Test
  void aSnapshotOfAVolumeThatNobodyFollowsIsRefused() throws Exception {
    group.storage.start("run/snapshot", 0, new Work.Snapshot(Optional.empty()));
    assertThat(TwinGroup.refusal(group.storage.await("run/snapshot")))
        .isEqualTo(RefusalCode.NOT_PROTECTED);
  }

  /** Rule L9: the log goes on in the same conversation, under a record of the size before. */
  @Test
  void aVolumeThatGrowsWhileItsLogIsFollowedIsRestoredInTheSizeOfEachSnapshot() throws Exception {
    source.write(20);
    source.backUp("run/full");
    source.snapshot("run/small");
    source.resize(2 * BYTES, 2, BY_P0);
    source.putRandom(2 * BYTES - MIB, MIB);
    source.snapshot("run/large");
    source.write(20);
    source.snapshot("run/later");
    source.awaitPoint(source.newest());
    for (long gid : source.history.keySet()) source.assertRestored(gid);
  }

  /** Rule L9: a restore has the size that the volume has, although nobody wrote since. */
  @Test
  void aVolumeThatGrewIsRestoredInItsNewSizeBeforeAnybodyWrites() throws Exception {
    source.write(20);
    long before = source.backUp("run/full");
    source.resize(2 * BYTES, 2, BY_P0);
    while (group.points().getLast().gid() == before) TwinGroup.pause();
    long gid = group.points().getLast().gid();
    source.history.put(gid, source.model.clone());
    source.awaitPoint(gid);
    source.assertRestored(gid);
  }

  /** Rule X9: nothing that lies there is deleted because no metadata names it any more. */
  @Test
  void anArchiveThatLostItsMetadataFindsItsPointsWhenTheVolumeIsAddedAgain() throws Exception {
    source.write(20);
    source.backUp("run/full");
    for (int i = 0; i < 3; i++) {
      source.write(20);
      source.snapshot("run/snapshot" + i);
    }
    source.awaitPoint(source.newest());
    group.archive.die();
    group.archive.disk.directory("/state/volumes/vol0").delete("metadata");
    group.archive.start();
    group.archive.start("add/again", 3, TwinGroup.add(source.record(1, BYTES, BY_P0)));
    assertThat(group.archive.await("add/again").state()).isEqualTo(OperationReport.State.DONE);
    source.write(20);
    source.snapshot("run/after");
    source.awaitPoint(source.newest());
    group.archive.dieAndStart();
    for (long gid : source.history.keySet()) source.assertRestored(gid);
  }

  /** Rule X3: what its disk did not read when it began. */
  @Test
  void anArchiveReadsASidecarAgainThatItsDiskDidNotRead() throws Exception {
    source.write(20);
    source.backUp("run/full");
    source.snapshot("run/one");
    source.write(20);
    source.snapshot("run/two");
    source.awaitPoint(source.newest());
    group.archive.die();
    String diffs = "/state/volumes/vol0/diffs";
    for (String name : group.archive.disk.directory(diffs).list())
      if (name.endsWith(".side"))
        group.archive.disk.failReads(diffs + "/" + name, 0, Long.MAX_VALUE);
    group.archive.start();
    assertThat(missing()).contains("its sidecar is not read yet");
    group.archive.disk.healFaults();
    source.awaitPoint(source.newest());
    for (long gid : source.history.keySet()) source.assertRestored(gid);
    while (!missing().isEmpty()) TwinGroup.pause();
  }

  private String missing() throws Exception {
    Reply reply = group.archive.service.answer(TwinGroup.WORKER, new Command.ListVolumes());
    return ((Reply.Volumes) reply)
        .volumes()
        .getFirst()
        .chain()
        .flatMap(Reply.ChainFacts::missing)
        .orElse("");
  }

  /** The volume itself is the last copy of what no archive has. */
  @Test
  void aStorageThatLostItsMetadataDoesNotMakeTheVolumeAnew() throws Exception {
    source.write(20);
    group.storage.die();
    group.storage.disk.directory("/state/volumes/vol0").delete("metadata");
    group.storage.start();
    group.storage.start("add/again", 3, TwinGroup.add(source.record(1, BYTES, BY_P0)));
    assertThat(TwinGroup.refusal(group.storage.await("add/again")))
        .isEqualTo(RefusalCode.NOT_EMPTY);
    assertThat(group.storage.disk.directory("/state/volumes/vol0").list())
        .contains("data", "log-device");
  }
}
