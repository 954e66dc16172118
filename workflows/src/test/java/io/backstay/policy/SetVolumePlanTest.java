package io.backstay.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The next record of a volume, as a pure choice (rules F1, M3). */
class SetVolumePlanTest {
  private static final ProtectionRecord RECORD =
      new ProtectionRecord(
          1,
          "vol0",
          VolumeKind.LOGGED,
          4096,
          "/dev/x",
          "s0",
          List.of("a0"),
          "a0",
          Optional.of(new LogPlan("/log", 1 << 30, 1 << 26)),
          Optional.of(Shipping.by(List.of("p0", "p1"))));

  private static CatalogView group() {
    List<ServerRecord> proxies =
        List.of("p0", "p1", "p2").stream()
            .map(name -> new ServerRecord(name, Role.PROXY, "n0", name + ":1", ""))
            .toList();
    return new CatalogView(1, "g", Instant.EPOCH, proxies, Map.of(), Map.of(), List.of());
  }

  private static Optional<Reply.VolumeFacts> at(long version) {
    return Optional.of(
        new Reply.VolumeFacts(
            "vol0",
            VolumeKind.LOGGED,
            4096,
            "TARGET",
            version,
            1,
            List.of(),
            Optional.empty(),
            Optional.empty()));
  }

  private static SetVolumePlan by(ProtectionRecord record, String... proxies)
      throws RefusedException {
    VolumeSettings.Wanted wanted =
        new VolumeSettings.Wanted(
            Optional.of(List.of(proxies)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    return SetVolumePlan.choose(Plan.Head.now(true), group(), record, wanted, at(1));
  }

  private static Shipping shipping(SetVolumePlan plan) {
    return plan.record().shipping().orElseThrow();
  }

  /** Rule X2: what it has nobody else has. */
  @Test
  void aProxyThatIsLeftOutIsKeptAsOneThatMayHaveDiffs() throws Exception {
    SetVolumePlan without = by(RECORD, "p1");
    assertThat(shipping(without).proxies()).containsExactly("p1");
    assertThat(shipping(without).formerProxies()).containsExactly("p0");
    assertThat(without.words()).isEqualTo("set proxy from p0, p1 to p1 of vol0");
    SetVolumePlan another = by(without.record(), "p2");
    assertThat(shipping(another).formerProxies()).containsExactly("p1", "p0");
    SetVolumePlan back = by(another.record(), "p0", "p2");
    assertThat(shipping(back).proxies()).containsExactly("p0", "p2");
    assertThat(shipping(back).formerProxies()).containsExactly("p1");
    assertThat(back.record().version()).isEqualTo(4);
    assertThat(ClearVolumePlan.choose(Plan.Head.now(true), back.record(), Set.of()).servers())
        .containsExactly("p0", "p2", "p1");
  }

  @Test
  void anotherOrderIsAChangeAndTheSameIsNone() throws Exception {
    assertThat(by(RECORD, "p1", "p0").record().version()).isEqualTo(2);
    assertThat(shipping(by(RECORD, "p1", "p0")).formerProxies()).isEmpty();
    SetVolumePlan same = by(RECORD, "p0", "p1");
    assertThat(same.known()).isTrue();
    assertThat(same.words()).isEqualTo("vol0 has these settings already");
    // An earlier run wrote the record and came no further.
    SetVolumePlan rest = by(by(RECORD, "p1").record(), "p1");
    assertThat(rest.known()).isFalse();
    assertThat(rest.changes()).isEmpty();
    assertThat(rest.record().version()).isEqualTo(2);
  }

  @Test
  void aVolumeThatItsStorageDoesNotKnowIsAddedFirst() {
    VolumeSettings.Wanted nothing =
        new VolumeSettings.Wanted(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    assertThatThrownBy(() ->
            SetVolumePlan.choose(Plan.Head.now(true), group(), RECORD, nothing, Optional.empty()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("not added to its end");
  }
}
