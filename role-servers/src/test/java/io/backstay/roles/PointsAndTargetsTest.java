package io.backstay.roles;

import static io.backstay.roles.TwinGroup.MIB;
import static io.backstay.roles.TwinGroup.WORKER;
import static io.backstay.roles.TwinGroup.grant;
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
import io.backstay.wire.Command;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PointsAndTargetsTest {
  private static final int SIZE = 11 * MIB + 3 * 512;
  @RegisterExtension final TwinGroup group = new TwinGroup();
  private byte[] content;

  @BeforeEach
  void addVolume() throws Exception {
    group.start();
    content = group.addVolume(SIZE, 7);
  }

  @Test
  void aTargetThatHoldsSomethingIsRefusedRuleK6() throws Exception {
    group.backUp("r1/backup", 2);
    group.restored("r2/restore", 0, "/restore/a");
    group.archive.start("r3/restore", 0, restore(0, "/restore/a"));
    assertThat(TwinGroup.refusal(group.archive.await("r3/restore")))
        .isEqualTo(RefusalCode.NOT_EMPTY);
  }

  @Test
  void aRestoreGoesOnOnlyOntoTheFileThatItBeganRuleK6() throws Exception {
    group.backUp("r1/backup", 2);
    Work slow =
        new Work.Restore(
            0,
            "n1",
            Optional.empty(),
            "/restore/a",
            Work.Overwrite.ONLY_EMPTY,
            4 * MIB,
            "hash",
            Optional.empty());
    group.archive.start("r2/restore", 0, slow);
    while (group.archive.watch("r2/restore").bytesDone() < 2 * MIB) Thread.onSpinWait();
    group.archive.disk.directory("/restore").delete("a");
    group.archive.disk.devices().create("/restore/a", SIZE).close();

    group.archive.dieAndStart();

    assertThat(TwinGroup.refusal(group.archive.await("r2/restore")))
        .isEqualTo(RefusalCode.TARGET_CHANGED);
  }

  @Test
  void aRestoreThatWasKilledGoesOnWhereItsTargetIsDurable() throws Exception {
    group.backUp("r1/backup", 2);
    Work slow =
        new Work.Restore(
            0,
            "n1",
            Optional.empty(),
            "/restore/a",
            Work.Overwrite.ONLY_EMPTY,
            8 * MIB,
            "hash",
            Optional.empty());
    group.archive.start("r2/restore", 0, slow);
    while (group.archive.watch("r2/restore").bytesDone() < 3 * MIB) Thread.onSpinWait();

    group.archive.dieAndStart();

    OperationReport report = group.archive.await("r2/restore");
    assertThat(report.state()).isEqualTo(State.DONE);
    assertThat(report.bytesSent()).isLessThan(SIZE + 2 * MIB);
    assertThat(read(group.archive.disk, "/restore/a")).isEqualTo(content);
  }

  @Test
  void withoutAGrantOnlyNewFilesBelowTheRestoreRootsAreWrittenRuleK5() throws Exception {
    group.backUp("r1/backup", 2);
    group.archive.start("r2/restore", 0, restore(0, "/etc/a"));
    assertThat(TwinGroup.refusal(group.archive.await("r2/restore")))
        .isEqualTo(RefusalCode.OUTSIDE_ROOTS);
    group.archive.start("r3/restore", 0, restore(0, "/restore/../etc/a"));
    assertThat(TwinGroup.refusal(group.archive.await("r3/restore")))
        .isEqualTo(RefusalCode.OUTSIDE_ROOTS);

    Optional<io.backstay.model.Signed> grant = Optional.of(grant("restore", "/etc/a", "n1"));
    group.archive.start(
        "r4/restore", 0, restore(0, "/etc/a", Optional.empty(), Work.Overwrite.ONLY_EMPTY, grant));
    assertThat(group.archive.await("r4/restore").state()).isEqualTo(State.DONE);

    group.archive.start(
        "r5/restore", 0, restore(0, "/etc/a", Optional.empty(), Work.Overwrite.OVERWRITE, grant));
    assertThat(TwinGroup.refusal(group.archive.await("r5/restore")))
        .isEqualTo(RefusalCode.NOT_AUTHORISED);
  }

  @Test
  void aRestoredFileHasTheSizeOfItsPointAndAnyOtherIsRefusedRuleL9() throws Exception {
    group.backUp("r1/backup", 2);
    assertThat(group.points().getFirst().sizeBytes()).isEqualTo(SIZE);
    assertThat(group.restored("r2/restore", 0, "/restore/a")).hasSize(SIZE);

    group.archive.disk.devices().create("/restore/longer", SIZE + 4096).close();
    Work over =
        restore(
            0,
            "/restore/longer",
            Optional.empty(),
            Work.Overwrite.OVERWRITE,
            Optional.of(grant("restore", "/restore/longer", "n2")));
    group.archive.start("r3/restore", 0, over);
    assertThat(group.archive.await("r3/restore").refusal().orElseThrow().found())
        .contains(Integer.toString(SIZE), Integer.toString(SIZE + 4096));
  }

  @Test
  void overwritingAFileReplacesEveryByteOfItRuleK6() throws Exception {
    group.backUp("r1/backup", 2);
    group.archive.disk.addBlockDevice("/dev/target", SIZE / 4096 * 4096 + 4096);
    Work over =
        restore(
            0,
            "/dev/target",
            Optional.empty(),
            Work.Overwrite.OVERWRITE,
            Optional.of(grant("restore", "/dev/target", "n1")));
    group.archive.start("r2/restore", 0, over);
    assertThat(group.archive.await("r2/restore").state()).isEqualTo(State.DONE);
    assertThat(read(group.archive.disk, "/dev/target")).startsWith(content);
  }

  @Test
  void aHeldPointIsNotDeletedAndTheNewestNeverRuleX10() throws Exception {
    group.backUp("r1/backup", 2);
    group.backUp("r2/backup", 3);
    group.archive.service.answer(WORKER, new Command.TakeHold("h", "vol0", 0, Duration.ofHours(1)));
    group.archive.dieAndStart();
    assertDeleteRefused("r3/delete", 4, 0, RefusalCode.HELD);
    group.archive.service.answer(WORKER, new Command.ReleaseHold("h", "vol0"));
    assertDeleteRefused("r4/delete", 4, 1, RefusalCode.NEWEST_POINT);
    assertDeleteRefused("r5/delete", 4, 9, RefusalCode.POINT_NOT_REACHABLE);

    group.archive.start(
        "r6/delete",
        4,
        new Work.DeletePoint(0, "hash", Optional.of(grant("delete-point", "0", "n2"))));

    assertThat(group.archive.await("r6/delete").state()).isEqualTo(State.DONE);
    assertThat(group.points()).extracting(Point::gid).containsExactly(1L);
    assertThat(group.archive.disk.directory("/state/volumes/vol0").list())
        .doesNotContain("image-000000.raw");
  }

  private void assertDeleteRefused(String operation, long epoch, long gid, RefusalCode code) {
    Work delete =
        new Work.DeletePoint(
            gid, "hash", Optional.of(grant("delete-point", Long.toString(gid), "n1")));
    assertThatThrownBy(() -> group.archive.start(operation, epoch, delete))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.refusal().code()).isEqualTo(code));
  }

  @Test
  void clearingNeedsAGrantAndGidsGoOnAfterwardsRuleL10() throws Exception {
    group.backUp("r1/backup", 2);
    assertThatThrownBy(() ->
            group.archive.start("r2/clear", 3, new Work.ClearVolume("hash", Optional.empty())))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.GRANT_REQUIRED));
    group.archive.start(
        "r3/clear", 3, new Work.ClearVolume("hash", Optional.of(grant("clear-volume", "", "n1"))));
    assertThat(group.archive.await("r3/clear").state()).isEqualTo(State.DONE);
    group.storage.start("r3/clear", 3, new Work.ClearVolume("hash", Optional.empty()));
    assertThat(group.storage.await("r3/clear").state()).isEqualTo(State.DONE);
    assertThat(group.archive.disk.directory("/state/volumes/vol0").list())
        .containsExactly("metadata");

    group.storage.disk.directory("/dev").delete("source");
    content = addAgain();
    assertThat(group.backUp("r5/backup", 5).gid()).isEqualTo(1);
  }

  private byte[] addAgain() throws Exception {
    byte[] again = TwinGroup.content(SIZE, 10);
    group.storage.disk.devices().create(TwinGroup.SOURCE, SIZE).close();
    group.rewriteSource(SIZE, 10);
    Work add = TwinGroup.add(SIZE);
    group.archive.start("r4/add", 4, add);
    group.archive.await("r4/add");
    group.storage.start("r4/add", 4, add);
    group.storage.await("r4/add");
    return again;
  }
}
