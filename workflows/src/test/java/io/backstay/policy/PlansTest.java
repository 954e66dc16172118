package io.backstay.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.seam.DeviceFacts;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Which servers a run uses, as pure choices (rules F1, K6). */
class PlansTest {
  private static final Plan.Head HEAD = Plan.Head.now(true);
  private static final ServerRecord S0 = server("s0", Role.STORAGE, "n0");
  private static final ServerRecord S1 = server("s1", Role.STORAGE, "n1");
  private static final ServerRecord A0 = server("a0", Role.ARCHIVE, "n0");
  private static final ServerRecord A1 = server("a1", Role.ARCHIVE, "n2");
  private static final ProtectionRecord RECORD = record(4096, "s0", "a0", "a1");
  private static final Point POINT =
      new Point(7, Instant.EPOCH, Optional.empty(), true, 4096, 4096, Point.Proof.FROZEN);

  private static ServerRecord server(String name, Role role, String node) {
    return new ServerRecord(name, role, node, name + ":1", "");
  }

  private static ProtectionRecord record(long bytes, String storage, String... archives) {
    return new ProtectionRecord(
        1, "vol0", VolumeKind.PLAIN, bytes, "/dev/x", storage, List.of(archives), archives[0]);
  }

  private static CatalogView group(ServerRecord... servers) {
    return new CatalogView(1, "g", Instant.EPOCH, List.of(servers), Map.of(), Map.of(), List.of());
  }

  private static void assertRefused(RefusalCode code, ThrowingCallable choice) {
    assertThatThrownBy(choice)
        .asInstanceOf(type(RefusedException.class))
        .satisfies(e -> assertThat(e.refusal().code()).isEqualTo(code));
  }

  @Test
  void aBackupGoesToThePrimaryUnlessAnotherArchiveOfTheVolumeIsNamed() throws Exception {
    CatalogView view = group(S0, A0, A1);
    FullBackupPlan plan = FullBackupPlan.choose(HEAD, view, RECORD, Optional.empty(), 0);
    assertThat(plan.archive()).isEqualTo("a0");
    assertThat(plan.archiveAddress()).isEqualTo("a0:1");
    assertThat(plan.words()).isEqualTo("send 4.0 KiB of vol0 from s0 to a0");
    assertThat(FullBackupPlan.choose(HEAD, view, RECORD, Optional.of("a1"), 5 << 20).words())
        .isEqualTo("send 4.0 KiB of vol0 from s0 to a1, at most 5.0 MiB/s");
    assertRefused(
        RefusalCode.UNKNOWN_SERVER,
        () -> FullBackupPlan.choose(HEAD, view, RECORD, Optional.of("a9"), 0));
    assertRefused(
        RefusalCode.BAD_INPUT,
        () -> FullBackupPlan.choose(HEAD, view, record(4096, "s0", "a0"), Optional.of("a1"), 0));
  }

  private static RestorePlan restore(CatalogView view, String node) throws RefusedException {
    return RestorePlan.choose(
        HEAD, view, RECORD, "a0", ChosenPoint.exactly(POINT), Optional.ofNullable(node), "/x", 0);
  }

  @Test
  void theArchiveWritesOnItsOwnNodeAndElsewhereThatNodesStorageDoes() throws Exception {
    CatalogView view = group(S0, S1, A0, A1);
    assertThat(restore(view, "n0").receiver()).isEmpty();
    assertThat(restore(view, "n1").receiver()).contains(new Work.Receiver("s1", "s1:1"));
    assertRefused(RefusalCode.UNKNOWN_SERVER, () -> restore(view, "n2"));
    assertRefused(RefusalCode.UNKNOWN_SERVER, () -> restore(view, "n9"));
    assertRefused(RefusalCode.BAD_INPUT, () -> restore(view, null));
    assertThat(restore(group(S0, A0), null).node()).isEqualTo("n0");
  }

  @Test
  void aRestoreIsReadFromTheArchiveThatWasChosen() throws Exception {
    RestorePlan plan =
        RestorePlan.choose(
            HEAD,
            group(S0, A0, A1),
            RECORD,
            "a1",
            ChosenPoint.exactly(POINT),
            Optional.of("n0"),
            "/x",
            0);
    assertThat(plan.server()).isEqualTo("a1");
    assertThat(plan.words()).contains("from a1 to n0:/x");
  }

  private static DeviceFacts device(long bytes) {
    return new DeviceFacts("/dev/x", DeviceFacts.Kind.BLOCK_DEVICE, bytes, "8:1", false);
  }

  private static Reply.VolumeFacts at(long bytes, long version, String state) {
    return new Reply.VolumeFacts(
        "vol0",
        VolumeKind.PLAIN,
        bytes,
        state,
        version,
        1,
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  private static ResizePlan resize(
      ProtectionRecord record, long to, long device, Map<String, Reply.VolumeFacts> at)
      throws RefusedException {
    return ResizePlan.choose(
        HEAD, record, to, new ResizePlan.Found(Optional.of(device(device)), at));
  }

  /** Rule L9. */
  @Test
  void archivesTakeANewSizeBeforeTheStorageDoes() throws Exception {
    var at = Map.of("s0", at(4096, 1, "READY"), "a0", at(4096, 1, "X"), "a1", at(4096, 1, "X"));
    ResizePlan plan = resize(RECORD, 8192, 8192, at);
    assertThat(plan.servers()).containsExactly("a0", "a1", "s0");
    assertThat(plan.record()).isEqualTo(RECORD.withSize(8192));
    assertThat(plan.record().version()).isEqualTo(2);
    assertThat(plan.words()).isEqualTo("resize vol0 from 4.0 KiB to 8.0 KiB at a0, a1, s0");
    assertRefused(RefusalCode.TOO_SMALL, () -> resize(RECORD, 8192, 4096, at));
    assertRefused(RefusalCode.WOULD_SHRINK, () -> resize(RECORD, 512, 4096, at));
    ResizePlan none = resize(RECORD, 4096, 4096, at);
    assertThat(none.servers()).isEmpty();
    assertThat(none.words()).isEqualTo("vol0 has 4.0 KiB already");
  }

  /** Rule L9: what an earlier run left halfway is completed, changed or taken back. */
  @Test
  void onlyTheSizeAtTheStorageCountsForWhatIsLarger() throws Exception {
    ProtectionRecord ahead = RECORD.withSize(16384);
    var half = Map.of("s0", at(4096, 1, "READY"), "a0", at(16384, 2, "X"), "a1", at(4096, 1, "X"));
    ResizePlan rest = resize(ahead, 16384, 16384, half);
    assertThat(rest.record()).isEqualTo(ahead);
    assertThat(rest.servers()).containsExactly("a1", "s0");
    ResizePlan less = resize(ahead, 8192, 16384, half);
    assertThat(less.record()).isEqualTo(RECORD.withSize(16384).withSize(8192));
    assertThat(less.servers()).containsExactly("a0", "a1", "s0");
    assertThat(resize(ahead, 4096, 4096, half).servers()).containsExactly("a0", "a1", "s0");
  }

  @Test
  void aVolumeGrowsOnlyWhereItIsServedAndKnownEverywhere() {
    assertRefused(
        RefusalCode.WRONG_STATE,
        () -> resize(RECORD, 8192, 8192, Map.of("s0", at(4096, 1, "READY"))));
    ProtectionRecord logged =
        new ProtectionRecord(
            1,
            "vol0",
            VolumeKind.LOGGED,
            4096,
            "/dev/x",
            "s0",
            List.of("a0"),
            "a0",
            Optional.of(new LogPlan("/dev/l", 1 << 30, 1 << 26, OnLogFull.BLOCK)));
    var stopped = Map.of("s0", at(4096, 1, "STOPPED"), "a0", at(4096, 1, "X"));
    assertRefused(RefusalCode.WRONG_STATE, () -> resize(logged, 8192, 8192, stopped));
    var opening = Map.of("s0", at(4096, 1, "SYNC_READY"), "a0", at(4096, 1, "X"));
    assertRefused(RefusalCode.STARTING, () -> resize(logged, 8192, 8192, opening));
    // One that an archive follows grows, too, as soon as it is served.
    var followed = Map.of("s0", at(4096, 1, "TARGET"), "a0", at(4096, 1, "X"));
    assertRefused(RefusalCode.STARTING, () -> resize(logged, 8192, 8192, followed));
    assertRefused(RefusalCode.BAD_INPUT, () -> resize(logged, 4608, 8192, opening));
  }

  @Test
  void bytesAreWordsOfTheRightSize() {
    assertThat(Stream.of(0L, 1023L, 1024L, 1536L, 5L << 30, 3L << 50).map(Plan::bytes))
        .containsExactly("0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "5.0 GiB", "3072.0 TiB");
  }
}
