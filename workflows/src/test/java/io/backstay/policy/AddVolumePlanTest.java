package io.backstay.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.model.Compression;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.seam.DeviceFacts;
import io.backstay.wire.CatalogView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Who takes a new volume and who forgets one, as pure choices (rule F1). */
class AddVolumePlanTest {
  private static final Plan.Head HEAD = Plan.Head.now(true);
  private static final ServerRecord S0 = server("s0", Role.STORAGE, "n0");
  private static final ServerRecord S1 = server("s1", Role.STORAGE, "n1");
  private static final ServerRecord P0 = server("p0", Role.PROXY, "n0");
  private static final ServerRecord P1 = server("p1", Role.PROXY, "n1");
  private static final ServerRecord A0 = server("a0", Role.ARCHIVE, "n0");
  private static final ServerRecord A1 = server("a1", Role.ARCHIVE, "n2");

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

  private static AddVolumePlan.Wanted wanted(String node, String storage, String... archives) {
    return wanted(VolumeKind.PLAIN, node, storage, Optional.empty(), archives);
  }

  private static AddVolumePlan.Wanted wanted(
      VolumeKind kind,
      String node,
      String storage,
      Optional<AddVolumePlan.WantedLog> log,
      String... archives) {
    return new AddVolumePlan.Wanted(
        "vol0",
        kind,
        Optional.ofNullable(node),
        Optional.of("/dev/x"),
        Optional.empty(),
        log,
        Optional.ofNullable(storage),
        List.of(archives));
  }

  @Test
  void aNewVolumesServersAreTheNamedOnesOrTheOnlyOnesThatFit() throws Exception {
    CatalogView view = group(S0, S1, A0);
    assertThat(AddVolumePlan.servers(view, wanted("n1", null)).storage()).isEqualTo(S1);
    assertThat(AddVolumePlan.servers(view, wanted(null, "s1")).storage()).isEqualTo(S1);
    assertThat(AddVolumePlan.servers(group(S0, A0), wanted(null, null)).archives())
        .containsExactly(A0);
    assertRefused(RefusalCode.BAD_INPUT, () -> AddVolumePlan.servers(view, wanted(null, null)));
    assertRefused(RefusalCode.BAD_INPUT, () -> AddVolumePlan.servers(view, wanted("n0", "s1")));
    assertRefused(
        RefusalCode.UNKNOWN_SERVER, () -> AddVolumePlan.servers(view, wanted("n9", null)));
    assertRefused(
        RefusalCode.UNKNOWN_SERVER, () -> AddVolumePlan.servers(view, wanted("n0", null, "a9")));
    assertRefused(
        RefusalCode.BAD_INPUT, () -> AddVolumePlan.servers(group(S0, A0, A1), wanted(null, null)));
    assertRefused(
        RefusalCode.UNKNOWN_SERVER, () -> AddVolumePlan.servers(group(S0), wanted(null, null)));
  }

  private static AddVolumePlan add(DeviceFacts facts, ProtectionRecord existing, String... knowing)
      throws RefusedException {
    return AddVolumePlan.choose(
        HEAD,
        wanted(null, null),
        new AddVolumePlan.Parties(S0, List.of(A0), List.of()),
        new AddVolumePlan.Found(facts, Optional.empty()),
        Optional.ofNullable(existing),
        Set.of(knowing));
  }

  private static Optional<AddVolumePlan.WantedLog> log(Integer cutSeconds, Shipping shipping) {
    return Optional.of(
        new AddVolumePlan.WantedLog(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.ofNullable(cutSeconds),
            shipping));
  }

  private static AddVolumePlan addLogged(
      AddVolumePlan.Wanted wanted, ProtectionRecord existing, ServerRecord... servers)
      throws RefusedException {
    return AddVolumePlan.choose(
        HEAD,
        wanted,
        AddVolumePlan.servers(group(servers), wanted),
        new AddVolumePlan.Found(device(1 << 30), Optional.of(device(1 << 30))),
        Optional.ofNullable(existing),
        Set.of("s0"));
  }

  @Test
  void theLogOfAVolumeGoesByWayOfAllProxiesUnlessSomeAreNamed() throws Exception {
    var usual = wanted(VolumeKind.LOGGED, null, null, log(null, Shipping.NONE));
    AddVolumePlan plan = addLogged(usual, null, S0, P1, P0, A0);
    assertThat(plan.record().shipping()).contains(Shipping.by(List.of("p0", "p1")));
    assertThat(plan.record().log().orElseThrow().cutInterval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(plan.servers()).as("proxies learn of it with its log").containsExactly("s0", "a0");
    assertThat(plan.words()).endsWith("logged, at s0, a0, its log by way of p0, p1");

    Shipping wish =
        new Shipping(
            List.of("p1"), ReleaseOn.ARCHIVE, Compression.parse("zstd:3"), 100 << 20, 50L << 20);
    var named = wanted(VolumeKind.LOGGED, null, null, log(60, wish));
    ProtectionRecord record = addLogged(named, null, S0, P0, P1, A0).record();
    assertThat(record.shipping()).contains(wish);
    assertThat(record.log().orElseThrow().cutInterval()).isEqualTo(Duration.ofMinutes(1));
    assertRefused(RefusalCode.UNKNOWN_SERVER, () -> addLogged(named, null, S0, P0, A0));
  }

  @Test
  void aPlainVolumeIsNotSentByWayOfProxies() throws Exception {
    assertThat(AddVolumePlan.servers(group(S0, P0, A0), wanted(null, null)).proxies()).isEmpty();
  }

  @Test
  void theFirstOfSeveralArchivesIsThePrimary() throws Exception {
    var wanted = wanted(VolumeKind.LOGGED, null, null, log(null, Shipping.NONE), "a1", "a0");
    AddVolumePlan plan = addLogged(wanted, null, S0, P0, A0, A1);
    assertThat(plan.record().archives()).containsExactly("a1", "a0");
    assertThat(plan.record().primary()).isEqualTo("a1");
    assertThat(plan.servers()).containsExactly("s0", "a1", "a0");
  }

  @Test
  void aHalfRegisteredVolumeKeepsTheProxiesThatTheGroupHadUnlessOthersAreNamed() throws Exception {
    var usual = wanted(VolumeKind.LOGGED, null, null, log(null, Shipping.NONE));
    ProtectionRecord existing = addLogged(usual, null, S0, P0, A0).record();
    AddVolumePlan plan = addLogged(usual, existing, S0, P0, P1, A0);
    assertThat(plan.record()).isEqualTo(existing);
    assertThat(plan.servers()).containsExactly("a0");
    var other = wanted(VolumeKind.LOGGED, null, null, log(null, Shipping.by(List.of("p1"))));
    assertRefused(RefusalCode.ALREADY_EXISTS, () -> addLogged(other, existing, S0, P0, P1, A0));
  }

  private static DeviceFacts device(long bytes) {
    return new DeviceFacts("/dev/x", DeviceFacts.Kind.BLOCK_DEVICE, bytes, "8:1", false);
  }

  @Test
  void aNewVolumeHasTheSizeOfItsSource() throws Exception {
    AddVolumePlan plan = add(device(1024), null);
    assertThat(plan.record()).isEqualTo(record(1024, "s0", "a0"));
    assertThat(plan.servers()).containsExactly("s0", "a0");
    assertThat(plan.begun()).isFalse();
    assertRefused(RefusalCode.NOT_FOUND, () -> add(DeviceFacts.absent("/dev/x"), null));
    assertRefused(RefusalCode.BAD_INPUT, () -> add(device(0), null));
    assertRefused(RefusalCode.BAD_INPUT, () -> add(device(1000), null));
  }

  @Test
  void aHalfRegisteredVolumeIsCompletedUnderTheRecordItHas() throws Exception {
    ProtectionRecord existing = record(4096, "s0", "a0");
    AddVolumePlan plan = add(device(8192), existing, "s0");
    assertThat(plan.servers()).containsExactly("a0");
    assertThat(plan.record()).isEqualTo(existing);
    assertThat(plan.begun()).isTrue();
    assertRefused(RefusalCode.ALREADY_EXISTS, () -> add(device(8192), existing, "s0", "a0"));
    assertRefused(
        RefusalCode.ALREADY_EXISTS, () -> add(device(8192), record(4096, "s1", "a0"), "s0"));
  }

  private static ClearVolumePlan clear(ProtectionRecord record, String... knowing) {
    return ClearVolumePlan.choose(HEAD, record, Set.of(knowing));
  }

  /** What an archive may refuse comes before the storage gives anything up. */
  @Test
  void aVolumeIsClearedAtItsArchivesFirst() {
    ProtectionRecord record = record(4096, "s0", "a0", "a1");
    assertThat(clear(record, "s0", "a0", "a1", "s1").servers()).containsExactly("a0", "a1", "s0");
    assertThat(clear(record, "s0").servers()).containsExactly("s0");
    assertThat(clear(record).words()).isEqualTo("no server knows vol0 any more: remove its record");
  }

  /** As long as the storage has the volume, it tells any proxy of it (rule M3). */
  @Test
  void proxiesForgetAVolumeWhenItsStorageHas() {
    ProtectionRecord plain = record(4096, "s0", "a0", "a1");
    ProtectionRecord logged =
        new ProtectionRecord(
            1,
            "vol0",
            VolumeKind.LOGGED,
            4096,
            "/dev/x",
            "s0",
            plain.archives(),
            "a0",
            Optional.of(new LogPlan("/dev/l", 1 << 30, 1 << 26)),
            Optional.of(Shipping.by(List.of("p1", "p0"))));
    assertThat(clear(logged, "s0", "a0", "a1").servers())
        .containsExactly("a0", "a1", "s0", "p1", "p0");
    assertThat(clear(logged).servers()).containsExactly("p1", "p0");
  }
}
