package io.backstay.roles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.log.Client;
import io.backstay.model.Cut;
import io.backstay.model.LogPlan;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.Shipping;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.nbd.Export;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
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
  @RegisterExtension final TwinGroup group = new TwinGroup();
  private final Random random = new Random(7);
  private final byte[] model = new byte[BYTES];
  private final Map<Long, byte[]> history = new HashMap<>();
  private int restores;

  @BeforeEach
  void begin() throws Exception {
    group.start();
    group.proxy.start();
    var own =
        (Reply.OwnPlace)
            group.storage.service.answer(TwinGroup.WORKER, new Command.FindOwnPlace("vol0"));
    Work add = TwinGroup.add(record(own));
    group.archive.start("add/a0", 1, add);
    assertThat(group.archive.await("add/a0").state()).isEqualTo(OperationReport.State.DONE);
    group.storage.start("add/s0", 1, add);
    assertThat(group.storage.await("add/s0").state()).isEqualTo(OperationReport.State.DONE);
  }

  private static ProtectionRecord record(Reply.OwnPlace own) {
    return new ProtectionRecord(
        1,
        "vol0",
        VolumeKind.LOGGED,
        BYTES,
        own.data(),
        "s0",
        List.of("a0"),
        "a0",
        Optional.of(new LogPlan(own.log(), 32 * MIB, MIB)),
        Optional.of(Shipping.by(List.of("p0"))));
  }

  @Test
  void everySnapshotIsRestoredAsItWasTakenAtTheSource() throws Exception {
    write(40);
    long end = backUp("run/full");
    history.put(end, model.clone());
    for (int i = 0; i < 5; i++) {
      write(30);
      snapshot("run/snapshot" + i);
    }
    awaitPoint(history.keySet().stream().max(Long::compare).orElseThrow());
    for (long gid : history.keySet()) assertRestored(gid);
  }

  @Test
  void aFullBackupOfAVolumeInUseBecomesCleanByItsLog() throws Exception {
    write(40);
    group.storage.start("run/full", 2, group.backup());
    for (int i = 0; i < 200; i++) write(1);
    var result = (WorkResult.BackedUp) group.storage.await("run/full").result().orElseThrow();
    snapshot("run/after");
    long gid = history.keySet().iterator().next();
    assertThat(gid).isGreaterThan(result.gid());
    awaitPoint(gid);
    assertRestored(gid);
  }

  /** Rules X1 and X2. */
  @Test
  void writesGoOnAndArriveWhateverServerDiesInBetween() throws Exception {
    backUp("run/full");
    for (TwinGroup.Server server : List.of(group.proxy, group.archive, group.storage)) {
      write(30);
      server.dieAndStart();
      write(30);
      snapshot("run/after-" + server.self.name());
    }
    awaitPoint(history.keySet().stream().max(Long::compare).orElseThrow());
    for (long gid : history.keySet()) assertRestored(gid);
  }

  /** Rule X1: what becomes durable at a proxy holds up neither what follows nor its memory. */
  @Test
  void intervalsAreReceivedAndConvertedWhileOneBecomesDurable() throws Exception {
    backUp("run/full");
    CountDownLatch converted = new CountDownLatch(3);
    AtomicBoolean held = new AtomicBoolean();
    AtomicBoolean overtaken = new AtomicBoolean();
    group.proxy.disk.beforeEachOperation(operation -> {
      if (!operation.contains("/draft-")) return;
      if (operation.startsWith("create")) converted.countDown();
      if (operation.startsWith("flush") && !held.getAndSet(true)) overtaken.set(awaited(converted));
    });
    for (int i = 0; i < 3; i++) {
      write(5);
      snapshot("run/snapshot" + i);
    }
    awaitPoint(history.keySet().stream().max(Long::compare).orElseThrow());
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
    fill();
    group.proxy.die();
    group.storage.start("run/full", 2, new Work.FullBackup("a0", group.archive.address, 3 * MIB));
    while (group.storage.watch("run/full").bytesDone() < 2 * MIB) Thread.onSpinWait();
    int session = logFacts().session();
    while (logFacts().givenUp().isEmpty() && logFacts().session() == session) writeMuch();
    group.proxy.start();
    OperationReport report = group.storage.await("run/full");
    assertThat(report.state()).as("%s", report).isEqualTo(OperationReport.State.DONE);
    var result = (WorkResult.BackedUp) report.result().orElseThrow();
    assertThat(logFacts().session()).isGreaterThan(session);
    assertThat(result.bytesSent()).isLessThan(2L * BYTES);
    write(20);
    snapshot("run/after");
    long gid = history.keySet().iterator().next();
    awaitPoint(gid);
    assertRestored(gid);
  }

  /** Something everywhere. */
  private void fill() throws Exception {
    for (int at = 0; at < BYTES; at += MIB) {
      byte[] bytes = new byte[MIB];
      random.nextBytes(bytes);
      put(at, bytes);
    }
  }

  /** A MiB at the end of the volume, where the backup comes last. */
  private void writeMuch() throws Exception {
    byte[] bytes = new byte[MIB];
    random.nextBytes(bytes);
    put(BYTES - MIB, bytes);
  }

  private Reply.LogFacts logFacts() throws Exception {
    Reply reply = group.storage.service.answer(TwinGroup.WORKER, new Command.ListVolumes());
    return ((Reply.Volumes) reply).volumes().getFirst().log().orElseThrow();
  }

  /** Rule M2. */
  @Test
  void aSecondFullBackupStaysInTheSessionAndTheOldPointsStay() throws Exception {
    write(20);
    backUp("run/full1");
    write(20);
    snapshot("run/one");
    write(20);
    long second = backUp("run/full2");
    history.put(second, model.clone());
    write(20);
    snapshot("run/two");
    awaitPoint(history.keySet().stream().max(Long::compare).orElseThrow());
    for (long gid : history.keySet()) assertRestored(gid);
  }

  /** Rules X8 and X10: what is under the point may move on, but not beyond it. */
  @Test
  void anExportedSnapshotIsReadAtOnceAndHeldAgainstAnApplyBeyondIt() throws Exception {
    write(40);
    backUp("run/full");
    for (int i = 0; i < 4; i++) {
      write(30);
      snapshot("run/snapshot" + i);
    }
    List<Long> gids = history.keySet().stream().sorted().toList();
    awaitPoint(gids.getLast());
    long exported = gids.get(2);
    group.archive.service.answer(
        TwinGroup.WORKER, new Command.OpenExport("vol0", exported, "then", true));
    Client client = new Client(group.archive.door.export("then"));
    assertThat(client.read(0, BYTES / 2))
        .isEqualTo(Arrays.copyOf(history.get(exported), BYTES / 2));
    apply("run/apply1", gids.get(1));
    assertThat(group.archive.await("run/apply1").state()).isEqualTo(OperationReport.State.DONE);
    byte[] expected = history.get(exported).clone();
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
    assertRestored(exported);
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

  private long backUp(String operation) throws Exception {
    long gid = group.backUp(operation, 2).gid();
    awaitPoint(gid);
    return gid;
  }

  private void snapshot(String operation) throws Exception {
    byte[] now = model.clone();
    group.storage.start(operation, 0, new Work.Snapshot(Optional.of(operation)));
    OperationReport report = group.storage.await(operation);
    assertThat(report.state()).as("%s", report).isEqualTo(OperationReport.State.DONE);
    Cut cut = ((WorkResult.SnapshotMade) report.result().orElseThrow()).cut();
    history.put(cut.gid(), now);
  }

  private void awaitPoint(long gid) throws Exception {
    while (group.points().stream().filter(Point::clean).noneMatch(point -> point.gid() == gid))
      Thread.onSpinWait();
  }

  private void assertRestored(long gid) throws Exception {
    byte[] restored = group.restored("restore/" + gid, gid, "/restore/image" + restores++);
    assertThat(restored).as("gid %d", gid).isEqualTo(history.get(gid));
  }

  /** Random writes, discards and zeroes. */
  private void write(int times) throws Exception {
    for (int i = 0; i < times; i++) {
      int length = 512 * (1 + random.nextInt(64));
      int offset = 512 * random.nextInt((BYTES - length) / 512);
      switch (random.nextInt(8)) {
        case 0 -> {
          done(answer -> export().trim(offset, length, false, answer));
          java.util.Arrays.fill(model, offset, offset + length, (byte) 0);
        }
        case 1 -> put(offset, new byte[length]);
        default -> {
          byte[] bytes = new byte[length];
          random.nextBytes(bytes);
          put(offset, bytes);
        }
      }
    }
  }

  private void put(int offset, byte[] bytes) throws Exception {
    ByteBuffer buffer = BufferPool.aligned(bytes.length).put(bytes).flip();
    done(answer -> export().write(offset, List.of(buffer), bytes.length, false, answer));
    System.arraycopy(bytes, 0, model, offset, bytes.length);
  }

  private Export export() {
    Export export = group.storage.door.export("vol0");
    while (export == null) export = group.storage.door.export("vol0");
    return export;
  }

  private interface Asking {
    int ask(Export.Answer answer);
  }

  private static void done(Asking asking) throws Exception {
    CompletableFuture<Integer> later = new CompletableFuture<>();
    int now = asking.ask(later::complete);
    assertThat(now == Export.LATER ? later.get() : now).isEqualTo(Export.DONE);
  }
}
