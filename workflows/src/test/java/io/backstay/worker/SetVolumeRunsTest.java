package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Compression;
import io.backstay.model.OnLogFull;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Shipping;
import io.backstay.policy.VolumeSettings.Change;
import io.backstay.wire.Command;
import io.backstay.workflow.SetVolume;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The run SetVolume (rules M3, K2). */
class SetVolumeRunsTest {
  private final TestGroup group = TestGroup.start();

  @BeforeEach
  void protect() {
    group.servers.protectLogged("log0", 1);
  }

  @AfterEach
  void close() {
    group.close();
  }

  private static SetVolume.Input proxies(String... proxies) {
    return new SetVolume.Input("log0", List.of(proxies), null, null, null, null, null, null);
  }

  private static SetVolume.Input limits(String log, String diffs) {
    return new SetVolume.Input("log0", null, null, null, log, diffs, null, null);
  }

  private SetVolume.Result set(SetVolume.Input input) throws Exception {
    return group.completed(input, SetVolume.Result.class);
  }

  private ProtectionRecord atTheStorage() {
    return group.servers.recordAt("s0", "log0").orElseThrow();
  }

  @Test
  void whatIsNamedChangesAtCatalogAndStorageAndTheRestStays() throws Exception {
    ProtectionRecord before = atTheStorage();
    SetVolume.Result result =
        set(
            new SetVolume.Input(
                "log0",
                null,
                ReleaseOn.ARCHIVE,
                Compression.parse("zstd:3"),
                "100MiB/s",
                null,
                "1m",
                OnLogFull.OVERFLOW));
    assertThat(result.version()).isEqualTo(2);
    assertThat(result.changes())
        .containsExactly(
            new Change("release-on", "proxy", "archive"),
            new Change("compression", "snappy", "zstd:3"),
            new Change("log-rate-limit", "none", "100.0 MiB/s"),
            new Change("cut-interval", "5s", "1m"),
            new Change("on-log-full", "block", "overflow"));
    assertThat(atTheStorage())
        .isEqualTo(
            before.withSettings(
                before.log().orElseThrow().with(OnLogFull.OVERFLOW, 60),
                new Shipping(
                    List.of("p0"), ReleaseOn.ARCHIVE, Compression.parse("zstd:3"), 100 << 20, 0L)))
        .isEqualTo(group.servers.recordAt("c0", "log0").orElseThrow());
    assertThat(group.servers.isSteady()).isTrue();
    assertThat(set(limits("none", "1MiB/s")).changes())
        .containsExactly(
            new Change("log-rate-limit", "100.0 MiB/s", "none"),
            new Change("diff-rate-limit", "none", "1.0 MiB/s"));
  }

  @Test
  void whatIsSoAlreadyIsASuccessThatChangesNothing() throws Exception {
    assertThat(set(proxies("p0"))).isEqualTo(new SetVolume.Result("log0", 1, List.of()));
    assertThat(group.servers.journal())
        .noneMatch(call -> call.endsWith(" Start") || call.endsWith(" WriteProtection"));
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void whatCannotBeIsRefusedBeforeAnybodyHearsOfIt() throws Exception {
    Refusal unknown = group.refused(proxies("p9"));
    assertThat(unknown.code()).isEqualTo(RefusalCode.UNKNOWN_SERVER);
    assertThat(unknown.found()).isEqualTo("p0");
    assertThat(group.refused(proxies("a0")).code()).isEqualTo(RefusalCode.UNKNOWN_SERVER);
    Refusal plain =
        group.refused(
            new SetVolume.Input("vol0", null, ReleaseOn.ARCHIVE, null, null, null, null, null));
    assertThat(plain.code()).isEqualTo(RefusalCode.NEEDS_LOG);
    assertThat(group.servers.versionAt("c0", "log0")).isEqualTo(1);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule M3: the catalog is ahead then, which harms nobody. */
  @Test
  void whatTheStorageRefusesIsCompletedByTheNextRun() throws Exception {
    group.servers.refuse(
        (server, command) -> server.equals("s0") && command instanceof Command.Start,
        Refusal.of(RefusalCode.WRONG_STATE, "another state"));
    SetVolume.Input faster = limits("1MiB/s", null);
    assertThat(group.refused(faster).code()).isEqualTo(RefusalCode.WRONG_STATE);
    assertThat(group.servers.versionAt("c0", "log0")).isEqualTo(2);
    assertThat(group.servers.versionAt("s0", "log0")).isEqualTo(1);
    group.servers.undisturbed();
    assertThat(set(faster)).isEqualTo(new SetVolume.Result("log0", 2, List.of()));
    assertThat(group.servers.versionAt("s0", "log0")).isEqualTo(2);
  }
}
