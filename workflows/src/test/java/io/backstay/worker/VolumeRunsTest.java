package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.activity.MemoryServers;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.VolumeKind;
import io.backstay.wire.Command;
import io.backstay.workflow.AddVolume;
import io.backstay.workflow.ClearVolume;
import io.backstay.workflow.DeletePoint;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The runs AddVolume, ClearVolume and DeletePoint (rules K2, K5, L10). */
class VolumeRunsTest {
  private final TestGroup group = TestGroup.start();

  @AfterEach
  void close() {
    group.close();
  }

  private static AddVolume.Input add(String volume, String device) {
    return new AddVolume.Input(volume, VolumeKind.PLAIN, device, null, null);
  }

  @Test
  void aVolumeIsAddedAtCatalogStorageAndArchive() throws Exception {
    AddVolume.Result result =
        group.completed(add("vol1", "n0:" + MemoryServers.DEVICE), AddVolume.Result.class);
    assertThat(result)
        .isEqualTo(
            new AddVolume.Result(
                "vol1",
                VolumeKind.PLAIN,
                8 << 20,
                MemoryServers.DEVICE,
                "s0",
                List.of("a0"),
                List.of()));
    assertThat(group.servers.isProtected("vol1")).isTrue();
    assertThat(group.servers.isAt("s0", "vol1") && group.servers.isAt("a0", "vol1")).isTrue();
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void aSourceThatIsNotThereIsRefused() throws Exception {
    Refusal refusal = group.refused(add("vol1", "n0:/dev/nothing"));
    assertThat(refusal.code()).isEqualTo(RefusalCode.NOT_FOUND);
    assertThat(group.servers.isProtected("vol1")).isFalse();
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void amongSeveralStoragesOneMustBeNamed() throws Exception {
    Refusal refusal = group.refused(add("vol1", MemoryServers.DEVICE));
    assertThat(refusal.code()).isEqualTo(RefusalCode.BAD_INPUT);
    assertThat(refusal.found()).isEqualTo("s0, s1");
  }

  @Test
  void aVolumeThatIsThereIsNotAddedAgain() throws Exception {
    assertThat(group.refused(add("vol0", "n0:" + MemoryServers.DEVICE)).code())
        .isEqualTo(RefusalCode.ALREADY_EXISTS);
    assertThat(group.servers.points("vol0")).hasSize(2);
  }

  @Test
  void aVolumeThatIsHalfRegisteredIsCompleted() throws Exception {
    group.servers.protectOnlyAt("s0", "vol1");
    group.completed(add("vol1", "n0:" + MemoryServers.DEVICE), AddVolume.Result.class);
    assertThat(group.servers.isAt("a0", "vol1")).isTrue();
  }

  @Test
  void whatTheArchiveRefusesIsUndoneAtTheStorageAndTheCatalog() throws Exception {
    group.servers.refuse(
        (server, command) -> server.equals("a0") && command instanceof Command.Start,
        Refusal.of(RefusalCode.WRONG_STATE, "another vol1 is here"));
    assertThat(group.refused(add("vol1", "n0:" + MemoryServers.DEVICE)).code())
        .isEqualTo(RefusalCode.WRONG_STATE);
    assertThat(group.servers.isAt("s0", "vol1")).isFalse();
    assertThat(group.servers.isProtected("vol1")).isFalse();
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void aLoggedVolumeIsAddedWithItsLog() throws Exception {
    AddVolume.Result result =
        group.completed(
            new AddVolume.Input("vol1", VolumeKind.LOGGED, MemoryServers.DEVICE, "s0", null),
            AddVolume.Result.class);
    assertThat(result.kind()).isEqualTo(VolumeKind.LOGGED);
    assertThat(result.proxies()).containsExactly("p0");
    assertThat(group.servers.isAt("s0", "vol1")).isTrue();
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** The storage would tell a proxy of the volume again. */
  @Test
  void aLoggedVolumeIsClearedAtItsProxiesLast() throws Exception {
    group.completed(
        new AddVolume.Input("vol1", VolumeKind.LOGGED, MemoryServers.DEVICE, "s0", null),
        AddVolume.Result.class);
    int before = group.servers.journal().size();
    group.completed(new ClearVolume.Input("vol1", Scenario.GRANT), ClearVolume.Result.class);
    assertThat(group.servers.journal().subList(before, group.servers.journal().size()))
        .filteredOn(call -> call.endsWith(" Start"))
        .containsExactly("a0 Start", "s0 Start", "p0 Start");
    assertThat(group.servers.isProtected("vol1")).isFalse();
  }

  @Test
  void aClearDestroysThePointsAndRemovesTheRecord() throws Exception {
    ClearVolume.Result result =
        group.completed(new ClearVolume.Input("vol0", Scenario.GRANT), ClearVolume.Result.class);
    assertThat(result.pointsDestroyed()).isEqualTo(2);
    assertThat(group.servers.isProtected("vol0")).isFalse();
    assertThat(group.servers.isAt("s0", "vol0")).isFalse();
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule K5. */
  @Test
  void withoutAGrantNothingIsEvenReserved() throws Exception {
    assertThat(group.refused(new ClearVolume.Input("vol0", null)).code())
        .isEqualTo(RefusalCode.GRANT_REQUIRED);
    assertThat(group.refused(new DeletePoint.Input("vol0", 0L, null)).code())
        .isEqualTo(RefusalCode.GRANT_REQUIRED);
    assertThat(group.servers.journal()).isEmpty();
  }

  /** Rule X10: what is held is refused before anything was given up. */
  @Test
  void aClearOfAHeldVolumeChangesNothing() throws Exception {
    group.servers.call("a0", new Command.TakeHold("run9/restore", "vol0", 0, Duration.ofHours(1)));
    assertThat(group.refused(new ClearVolume.Input("vol0", Scenario.GRANT)).code())
        .isEqualTo(RefusalCode.HELD);
    assertThat(group.servers.points("vol0")).hasSize(2);
    assertThat(group.servers.isAt("s0", "vol0")).isTrue();
    assertThat(group.servers.reservations()).isEmpty();
  }

  @Test
  void aClearThatStoppedHalfwayIsCompleted() throws Exception {
    group.servers.protectOnlyAt("s0", "vol1");
    group.completed(new ClearVolume.Input("vol1", Scenario.GRANT), ClearVolume.Result.class);
    assertThat(group.servers.isProtected("vol1")).isFalse();
    assertThat(group.servers.isAt("s0", "vol1")).isFalse();
  }

  @Test
  void aPointIsDeletedButNeverTheNewest() throws Exception {
    DeletePoint.Result result =
        group.completed(
            new DeletePoint.Input("vol0", 0L, Scenario.GRANT), DeletePoint.Result.class);
    assertThat(result.gid()).isZero();
    assertThat(group.refused(new DeletePoint.Input("vol0", 1L, Scenario.GRANT)).code())
        .isEqualTo(RefusalCode.NEWEST_POINT);
    assertThat(group.refused(new DeletePoint.Input("vol0", 9L, Scenario.GRANT)).code())
        .isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(group.servers.isSteady()).isTrue();
  }
}
