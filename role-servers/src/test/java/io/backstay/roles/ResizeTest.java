package io.backstay.roles;

import static io.backstay.roles.TwinGroup.MIB;
import static io.backstay.roles.TwinGroup.SOURCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.VolumeKind;
import io.backstay.seam.BlockDevice;
import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How archive and storage take a new size, each alone (rule L9). */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ResizeTest {
  @RegisterExtension final TwinGroup group = new TwinGroup();

  @BeforeEach
  void start() throws Exception {
    group.start();
  }

  private static ProtectionRecord plain(long version, long bytes) {
    return new ProtectionRecord(
        version, "vol0", VolumeKind.PLAIN, bytes, SOURCE, "s0", List.of("a0"), "a0");
  }

  private ProtectionRecord logged(long version, long bytes) throws Exception {
    Reply.OwnPlace own = group.ownPlace();
    return new ProtectionRecord(
        version,
        "vol0",
        VolumeKind.LOGGED,
        bytes,
        own.data(),
        "s0",
        List.of("a0"),
        "a0",
        Optional.of(new LogPlan(own.log(), 16L << 20, 1 << 20, OnLogFull.BLOCK)));
  }

  private void resized(TwinGroup.Server server, String run, long epoch, ProtectionRecord to)
      throws Exception {
    String operation = run + "/" + server.self.name();
    server.start(operation, epoch, TwinGroup.resize(to));
    assertThat(server.await(operation).state()).isEqualTo(State.DONE);
    assertThat(facts(server).recordVersion()).isEqualTo(to.version());
  }

  private RefusalCode refusal(
      TwinGroup.Server server, String run, long epoch, ProtectionRecord to) {
    RefusedException[] found = new RefusedException[1];
    assertThatThrownBy(() -> server.start(run, epoch, TwinGroup.resize(to)))
        .isInstanceOfSatisfying(RefusedException.class, refused -> found[0] = refused);
    return found[0].refusal().code();
  }

  private Reply.VolumeFacts facts(TwinGroup.Server server) throws Exception {
    return ((Reply.Volumes) server.service.answer(TwinGroup.WORKER, new Command.ListVolumes()))
        .volumes()
        .getFirst();
  }

  private Reply.VolumeFacts served() throws Exception {
    Reply.VolumeFacts facts = facts(group.storage);
    while (facts.log().isEmpty() && facts.trouble().isEmpty()) facts = facts(group.storage);
    return facts;
  }

  private void lengthenSource(long bytes) throws Exception {
    try (BlockDevice device = group.storage.disk.devices().openWritable(SOURCE)) {
      device.extend(bytes);
    }
  }

  // ---- plain

  /** Rule L9: a restore at gid g has the size of g. */
  @Test
  void eachPointOfAPlainVolumeHasTheSizeOfItsDayBeforeAndAfterAndInBetween() throws Exception {
    byte[] small = group.addVolume(2 * MIB, 1);
    group.backUp("r1/backup", 2);
    lengthenSource(3 * MIB);
    byte[] large = group.rewriteSource(3 * MIB, 2);
    resized(group.archive, "r2", 3, plain(2, 3 * MIB));
    group.backUp("r3/backup", 4);
    resized(group.storage, "r4", 5, plain(2, 3 * MIB));
    group.backUp("r5/backup", 6);
    assertThat(group.points().stream().map(Point::sizeBytes))
        .containsExactly(2L * MIB, 2L * MIB, 3L * MIB);
    assertThat(group.restored("r6/restore", 0, "/restore/0")).isEqualTo(small);
    assertThat(group.restored("r7/restore", 1, "/restore/1")).hasSize(2 * MIB);
    assertThat(group.restored("r8/restore", 2, "/restore/2")).isEqualTo(large);
  }

  /** Rule L9: why the archives are first. */
  @Test
  void anArchiveThatDoesNotKnowTheNewSizeTakesNoImageOfIt() throws Exception {
    group.addVolume(2 * MIB, 1);
    lengthenSource(3 * MIB);
    resized(group.storage, "r1", 2, plain(2, 3 * MIB));
    group.storage.start("r2/backup", 3, group.backup());
    assertThat(TwinGroup.refusal(group.storage.await("r2/backup")))
        .isEqualTo(RefusalCode.NOT_AUTHORISED);
    resized(group.archive, "r3", 4, plain(2, 3 * MIB));
    group.backUp("r4/backup", 5);
    assertThat(group.points()).hasSize(1);
  }

  @Test
  void aPlainVolumeIsAsLargeAsItsSourceAtMost() throws Exception {
    group.addVolume(2 * MIB, 1);
    assertThat(refusal(group.storage, "r1/x", 2, plain(2, 3 * MIB)))
        .isEqualTo(RefusalCode.TOO_SMALL);
    assertThat(facts(group.storage).sizeBytes()).isEqualTo(2 * MIB);
  }

  @Test
  void neitherShrinksNorTakesAnOlderRecordOrThatOfAnotherVolume() throws Exception {
    group.addVolume(2 * MIB, 1);
    group.backUp("r1/backup", 2);
    for (TwinGroup.Server server : List.of(group.storage, group.archive)) {
      assertThat(refusal(server, "r2/x", 3, plain(2, MIB))).isEqualTo(RefusalCode.WOULD_SHRINK);
      resized(server, "r3", 4, plain(3, 2 * MIB));
      assertThat(refusal(server, "r4/x", 5, plain(2, 2 * MIB)))
          .isEqualTo(RefusalCode.VERSION_CONFLICT);
      ProtectionRecord other =
          new ProtectionRecord(
              4, "vol0", VolumeKind.PLAIN, 2 * MIB, "/dev/other", "s0", List.of("a0"), "a0");
      assertThat(refusal(server, "r5/x", 5, other)).isEqualTo(RefusalCode.VERSION_CONFLICT);
    }
  }

  /**
   * Rules L9 and K2: the archives may go back to what the storage has, where it went no further.
   */
  @Test
  void whatOnlyTheArchiveTookCanBeTakenBack() throws Exception {
    group.addVolume(2 * MIB, 1);
    group.backUp("r1/backup", 2);
    resized(group.archive, "r2", 3, plain(2, 9 * MIB));
    resized(group.archive, "r3", 4, plain(3, 2 * MIB));
    resized(group.storage, "r3", 4, plain(3, 2 * MIB));
    group.backUp("r4/backup", 5);
    assertThat(refusal(group.archive, "r5/x", 4, plain(4, 3 * MIB))).isEqualTo(RefusalCode.FENCED);
  }

  /** Whoever hears that it has the image need not know that a transfer was there. */
  @Test
  void anArchiveThatSaysThatItHasAnImageTakesTheNextOperation() throws Exception {
    group.addVolume(2 * MIB, 1);
    AtomicReference<RefusedException> refused = new AtomicReference<>();
    group.archive.saying =
        said -> {
          if (!(said instanceof Message.Committed)) return;
          try {
            group.archive.start("r2/a0", 3, TwinGroup.resize(plain(2, 3 * MIB)));
          } catch (RefusedException e) {
            refused.set(e);
          } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
          }
        };
    group.backUp("r1/backup", 2);
    assertThat(refused).hasNullValue();
    assertThat(group.archive.await("r2/a0").state()).isEqualTo(State.DONE);
  }

  // ---- logged

  private void addLogged() throws Exception {
    group.storage.start("add/s0", 1, TwinGroup.add(logged(1, MIB)));
    assertThat(group.storage.await("add/s0").state()).isEqualTo(State.DONE);
  }

  /** Rule L9. */
  @Test
  void aLoggedVolumeWhoseFileIsTheStoragesGrowsWhileItIsServed() throws Exception {
    addLogged();
    served();
    resized(group.storage, "r1", 2, logged(2, 3 * MIB));
    assertThat(served().sizeBytes()).isEqualTo(3 * MIB);
    assertThat(group.storage.disk.devices().examine(logged(1, MIB).device()).sizeBytes())
        .isEqualTo(3 * MIB);
    group.storage.dieAndStart();
    assertThat(served().sizeBytes()).isEqualTo(3 * MIB);
    assertThat(refusal(group.storage, "r2/x", 3, logged(3, 2 * MIB)))
        .isEqualTo(RefusalCode.WOULD_SHRINK);
  }

  /** Rules L9 and K3. */
  @Test
  void aStorageThatDiesWhileAVolumeGrowsFinishesIt() throws Exception {
    addLogged();
    served();
    AtomicBoolean died = new AtomicBoolean();
    group.storage.disk.beforeEachOperation(operation -> {
      if (!operation.startsWith("extend")) return;
      group.storage.disk.beforeEachOperation(_ -> {});
      group.storage.disk.processDeath();
      died.set(true);
    });
    group.storage.start("r1/s0", 2, TwinGroup.resize(logged(2, 3 * MIB)));
    while (!died.get()) Thread.onSpinWait();
    group.storage.dieAndStart();
    assertThat(group.storage.await("r1/s0").state()).isEqualTo(State.DONE);
    assertThat(served().sizeBytes()).isEqualTo(3 * MIB);
  }

  @Test
  void aVolumeThatIsNotServedDoesNotGrow() throws Exception {
    addLogged();
    served();
    group.storage.service.answer(
        new Peer("g", "operator", Role.OPERATOR), new Command.StopVolume("vol0"));
    assertThat(refusal(group.storage, "r1/x", 2, logged(2, 3 * MIB)))
        .isEqualTo(RefusalCode.WRONG_STATE);
  }

  @Test
  void aStorageOrAnArchiveThatDoesNotKnowTheVolumeSaysSo() throws Exception {
    for (TwinGroup.Server server : List.of(group.storage, group.archive))
      assertThat(refusal(server, "r1/x", 1, plain(1, MIB))).isEqualTo(RefusalCode.UNKNOWN_VOLUME);
  }
}
