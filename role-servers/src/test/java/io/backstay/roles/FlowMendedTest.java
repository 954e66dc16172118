package io.backstay.roles;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.log.LoggedVolume;
import io.backstay.model.Cut;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.volume.MetadataFile;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What seeds found once in continuous backup, each told alone: a seed means another story as soon
 * as anything changes, these stories stay. Those of one class are told in its own test.
 */
class FlowMendedTest {
  private static final int MIB = 1 << 20;
  private static final int BYTES = MIB;
  @RegisterExtension final TwinGroup group = new TwinGroup();

  @BeforeEach
  void begin() throws Exception {
    group.start();
    group.proxy.start();
    Reply.OwnPlace own = group.ownPlace();
    ProtectionRecord record =
        new ProtectionRecord(
            1,
            "vol0",
            VolumeKind.LOGGED,
            BYTES,
            own.data(),
            "s0",
            List.of("a0", "a1"),
            "a0",
            Optional.of(new LogPlan(own.log(), 32 * MIB, MIB)),
            Optional.of(Shipping.by(List.of("p0"))));
    Work add = TwinGroup.add(record);
    group.archive.start("add/a0", 1, add);
    group.archive.await("add/a0");
    group.storage.start("add/s0", 1, add);
    group.storage.await("add/s0");
  }

  /**
   * Rule M2. A backup had agreed on a session with this archive and reached no other, or died; the
   * next one, with another archive, began a session of the same number while this one was away.
   */
  @Test
  void aSessionThatWasAgreedOnAndNeverBeganDoesNotKeepOutTheOneThatDid() throws Exception {
    group.archive.service.answer(
        group.storage.self, new Command.AgreeSession("vol0", 1, new SessionUuid(1, 1), 1, 0));
    LoggedVolume volume = (LoggedVolume) group.storage.door.export("vol0");
    volume.openSession(1, new SessionUuid(2, 2), 0);
    write(volume);
    volume.cut();
    Directory spool = group.proxy.disk.directory("/state/volumes/vol0/spool");
    while (!arrived(".wdiff") && !spool.has("aside")) Thread.onSpinWait();
    assertThat(spool.has("aside")).as("put aside").isFalse();
    assertThat(arrived(".wdiff")).isTrue();
  }

  /** Rule M2, likewise, where the first that comes of the session is an image. */
  @Test
  void norDoesItKeepOutAnImage() throws Exception {
    LoggedVolume volume = (LoggedVolume) group.storage.door.export("vol0");
    volume.openSession(1, new SessionUuid(2, 2), 0);
    group.archive.service.answer(
        group.storage.self, new Command.AgreeSession("vol0", 1, new SessionUuid(1, 1), 1, 0));
    assertThat(group.backUp("run/full", 2).gid()).isPositive();
  }

  /** Rule M2. It is tried again and again, and each time would be another session to expect. */
  @Test
  void aBackupWhoseArchiveIsAwayLeavesNothingAtTheOthers() throws Exception {
    group.storage.start("run/full", 2, new Work.FullBackup("a1", "a1:1", 0));
    while (group.storage.watch("run/full").waiting().isEmpty()) Thread.onSpinWait();
    assertThat(metadata().at("/sessions/pending")).isEmpty();
  }

  /**
   * Rule X4. A backup was given up, then a proxy lost its disk and some log with it: no diff makes
   * what comes now one image with what came before, and the next backup was done and no point.
   */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aPartialImageFromBeforeLostLogIsBegunAgain() throws Exception {
    LoggedVolume volume = (LoggedVolume) group.storage.door.export("vol0");
    write(volume);
    group.archive.disk.failWrites("/state/volumes/vol0/image-000000.raw", 0, BYTES);
    group.storage.start("run/first", 2, group.backup());
    while (!metadata().path("partial").isObject()) TwinGroup.pause();
    group.storage.cancel("run/first");
    group.storage.await("run/first");
    group.archive.die();
    group.archive.disk.healFaults();
    write(volume);
    long lost = volume.cut().gid();
    while (sentGid() < lost) TwinGroup.pause();
    group.proxy.die();
    group.proxy.loseDisk();
    group.proxy.start();
    group.archive.start();
    write(volume);
    long behind = volume.cut().gid();
    while (!arrived("-%d.wdiff".formatted(behind))) TwinGroup.pause();
    group.backUp("run/second", 3);
    long last = volume.cut().gid();
    while (group.points().stream().noneMatch(point -> point.gid() == last)) TwinGroup.pause();
  }

  /** Newest that the storage knows to be at a proxy. */
  private long sentGid() throws Exception {
    var volumes =
        (Reply.Volumes) group.storage.service.answer(TwinGroup.WORKER, new Command.ListVolumes());
    return volumes.volumes().getFirst().log().orElseThrow().shipping().orElseThrow().sent().stream()
        .mapToLong(Cut::gid)
        .findFirst()
        .orElse(-1);
  }

  private JsonNode metadata() throws IOException {
    Directory volume = group.archive.disk.directory("/state/volumes/vol0");
    return new MetadataFile<>(volume, "metadata", JsonNode.class).load().orElseThrow();
  }

  private boolean arrived(String end) throws IOException {
    Directory volume = group.archive.disk.directory("/state/volumes/vol0");
    return volume.has("diffs")
        && volume.child("diffs").list().stream().anyMatch(name -> name.endsWith(end));
  }

  private static void write(LoggedVolume volume) throws Exception {
    ByteBuffer bytes = BufferPool.aligned(4096).put(0, (byte) 1);
    CompletableFuture<Integer> later = new CompletableFuture<>();
    int now = volume.write(0, List.of(bytes), 4096, false, later::complete);
    if (now == LoggedVolume.LATER) later.get();
  }
}
