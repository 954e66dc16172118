package io.backstay.roles;

import static io.backstay.roles.TwinGroup.MIB;
import static io.backstay.roles.TwinGroup.WORKER;
import static io.backstay.roles.TwinGroup.grant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.log.Client;
import io.backstay.model.OperationReport;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Work;
import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rule X8: an archive serves a point at once, and keeps it as long as it does. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExportingTest {
  private static final int SIZE = 5 * MIB + 3 * 512;
  private static final Peer OPERATOR = new Peer("g", "operator", Role.OPERATOR);

  @RegisterExtension final TwinGroup group = new TwinGroup();
  private byte[] first;

  @BeforeEach
  void backUpTwice() throws Exception {
    group.start();
    first = group.addVolume(SIZE, 7);
    group.backUp("r1/backup", 2);
    group.rewriteSource(SIZE, 8);
    group.backUp("r2/backup", 3);
  }

  private Reply.ExportFacts export(long gid, String name, boolean writable) throws Exception {
    Command open = new Command.OpenExport("vol0", gid, name, writable);
    return ((Reply.Exports) group.archive.service.answer(OPERATOR, open)).exports().getFirst();
  }

  private Client client(String name) {
    while (group.archive.door.export(name) == null) Thread.onSpinWait();
    return new Client(group.archive.door.export(name));
  }

  private RefusalCode refusal(Peer peer, Command command) {
    RefusalCode[] code = new RefusalCode[1];
    assertThatThrownBy(() -> group.archive.service.answer(peer, command))
        .isInstanceOfSatisfying(RefusedException.class, e -> code[0] = e.refusal().code());
    return code[0];
  }

  private static Command delete(String operation, long gid) {
    return new Command.Start(
        operation,
        "vol0",
        4,
        new Work.DeletePoint(
            gid, "hash", Optional.of(grant("delete-point", Long.toString(gid), "n1"))));
  }

  @Test
  void anOlderPointIsReadByteForByteWhileNewerOnesStay() throws Exception {
    assertThat(export(0, "then", false).nbdUri()).contains("memory:then");
    assertThat(client("then").read(0, SIZE)).isEqualTo(first);
    assertThat(client("then").write(0, new byte[512], false)).isEqualTo(Errno.EPERM);
  }

  @Test
  void aRottenBitIsNeverReadAndTheRestIs() throws Exception {
    int at = 0;
    while (first[at] == 0) at++;
    export(0, "then", false);
    group.archive.disk.rot("/state/volumes/vol0/image-000000.raw", at, 3);
    ByteBuffer into = ByteBuffer.allocateDirect(512);
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    int now = group.archive.door.export("then").read(at / 512 * 512L, into, answer::complete);
    assertThat(now == Export.LATER ? answer.join() : now).isEqualTo(Errno.EIO);
    int behind = (at / 65536 + 1) * 65536;
    assertThat(client("then").read(behind, 4 * MIB))
        .isEqualTo(Arrays.copyOfRange(first, behind, behind + 4 * MIB));
  }

  @Test
  void whatIsWrittenToAnExportIsNotWrittenToThePoint() throws Exception {
    export(0, "mine", true);
    export(0, "then", false);
    byte[] bytes = new byte[MIB];
    Arrays.fill(bytes, (byte) 3);
    assertThat(client("mine").write(MIB - 512, bytes, false)).isZero();
    assertThat(client("mine").read(MIB - 512, MIB)).isEqualTo(bytes);
    assertThat(client("then").read(0, SIZE)).isEqualTo(first);
    assertThat(group.restored("r3/restore", 0, "/restore/a")).isEqualTo(first);
  }

  @Test
  void anExportSurvivesTheArchiveWithWhatWasWritten() throws Exception {
    export(0, "mine", true);
    byte[] bytes = new byte[4096];
    Arrays.fill(bytes, (byte) 5);
    assertThat(client("mine").write(8192, bytes, false)).isZero();
    group.archive.dieAndStart();
    byte[] expected = first.clone();
    System.arraycopy(bytes, 0, expected, 8192, 4096);
    assertThat(client("mine").read(0, SIZE)).isEqualTo(expected);
  }

  /** Rule X10. */
  @Test
  void anExportedPointIsNeitherDeletedNorClearedUntilItIsClosed() throws Exception {
    export(0, "then", false);
    group.archive.dieAndStart();
    assertThat(refusal(OPERATOR, delete("r3/delete", 0))).isEqualTo(RefusalCode.HELD);
    Work clear = new Work.ClearVolume("hash", Optional.of(grant("clear-volume", "", "n2")));
    assertThat(refusal(OPERATOR, new Command.Start("r3/clear", "vol0", 4, clear)))
        .isEqualTo(RefusalCode.HELD);
    group.archive.service.answer(OPERATOR, new Command.CloseExport("vol0", "then"));
    group.archive.service.answer(OPERATOR, delete("r4/delete", 0));
    assertThat(group.archive.await("r4/delete").state()).isEqualTo(OperationReport.State.DONE);
    assertThat(refusal(OPERATOR, new Command.OpenExport("vol0", 0, "then", false)))
        .isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(refusal(OPERATOR, new Command.OpenExport("vol1", 0, "then", false)))
        .isEqualTo(RefusalCode.UNKNOWN_VOLUME);
  }

  /** Rule K5. */
  @Test
  void workersAndOperatorsExportAndNobodyElse() throws Exception {
    Peer storage = new Peer("g", "s0", Role.STORAGE);
    Command open = new Command.OpenExport("vol0", 1, "now", false);
    assertThat(refusal(storage, open)).isEqualTo(RefusalCode.NOT_AUTHORISED);
    group.archive.service.answer(WORKER, open);
    Command close = new Command.CloseExport("vol0", "now");
    assertThat(refusal(storage, close)).isEqualTo(RefusalCode.NOT_AUTHORISED);
    Command list = new Command.ListExports(Optional.of("vol0"));
    assertThat(((Reply.Exports) group.archive.service.answer(OPERATOR, list)).exports())
        .extracting(Reply.ExportFacts::name)
        .containsExactly("now");
    group.archive.service.answer(WORKER, close);
  }
}
