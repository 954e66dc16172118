package io.backstay.workflow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Bytes;
import io.backstay.model.Compression;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Shipping;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.policy.AddVolumePlan;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What users type (rules F3, K6). */
class RunInputTest {
  private static final String GRANT =
      Grants.encode(
          new Signed(Bytes.of(new byte[] {1}), Bytes.of(new byte[] {2}), Bytes.of(new byte[] {3})));

  private static <T extends RunInput> T read(String json, Class<T> type) throws IOException {
    return RunPayloads.read(json.getBytes(UTF_8), type);
  }

  @Test
  void theShortestInputNamesAVolume() throws IOException {
    assertThat(read("{\"volume\":\"vol0\"}", FullBackup.Input.class))
        .isEqualTo(new FullBackup.Input("vol0", null, null));
    assertThat(read("{\"volume\":\"vol0\"}", VerifyRestore.Input.class).workflowId())
        .isEqualTo("verify-restore/vol0");
    assertThat(read("{\"volume\":\"vol0\",\"gid\":3}", VerifyRestore.Input.class).workflowId())
        .isEqualTo("verify-restore/vol0/3");
  }

  @Test
  void everyFieldOfARestoreIsRead() throws IOException {
    String json =
        """
        {"volume":"vol0","at":"2026-11-21T08:00:00Z","maxGap":"15m","to":"n1:/data/x.img",
         "overwrite":true,"rateLimit":"100MiB/s","grant":"%s"}
        """
            .formatted(GRANT);
    Restore.Input input = read(json, Restore.Input.class);
    assertThat(input.at()).isEqualTo(Instant.parse("2026-11-21T08:00:00Z"));
    assertThat(input.overwrite()).isTrue();
    assertThat(input.workflowId()).isEqualTo("restore/vol0/n1:/data/x.img");
    assertThat(Place.parse("target", input.to()).node()).contains("n1");
    assertThat(Grants.decode(input.grant())).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"volume\":\"vol0\",\"rateLimt\":\"1MiB/s\"}", // unknown field
        "{\"volume\":5}", // wrong type
        "{\"volume\":[\"vol0\"]}",
        "{}", // missing
        "{\"volume\":null}",
        "{\"volume\":\"../x\"}",
        "{\"volume\":\"vol0\",\"rateLimit\":\"fast\"}",
        "{\"volume\":\"vol0\",\"rateLimit\":0}",
        "{\"volume\":\"vol0\"} trailing",
        "\"vol0\"",
        "{\"volume\":",
        ""
      })
  void whatIsNotAnInputIsRefused(String json) {
    assertThatThrownBy(() -> read(json, FullBackup.Input.class)).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"volume\":\"vol0\",\"to\":\"relative\"}",
        "{\"volume\":\"vol0\"}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"gid\":\"7\"}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"gid\":7.5}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"gid\":-1}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"gid\":1,\"label\":\"a\"}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"overwrite\":\"yes\"}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"overwrite\":1}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"at\":1700000000}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"at\":\"yesterday\"}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"maxGap\":\"1h\"}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"at\":\"2026-11-21T08:00:00Z\",\"maxGap\":\"-1h\"}",
        "{\"volume\":\"vol0\",\"to\":\"/x\",\"grant\":\"zzz\"}"
      })
  void whatIsNotARestoreIsRefused(String json) {
    assertThatThrownBy(() -> read(json, Restore.Input.class)).isInstanceOf(IOException.class);
  }

  @Test
  void aSnapshotIsAwaitedUnlessSomebodySaysOtherwise() throws IOException {
    Snapshot.Input shortest = read("{\"volume\":\"log0\"}", Snapshot.Input.class);
    assertThat(shortest).isEqualTo(new Snapshot.Input("log0", null, true, null));
    assertThat(shortest.workflowId()).isEqualTo("snapshot/log0");
    String json = "{\"volume\":\"log0\",\"label\":\"l\",\"await\":false,\"request\":\"r1\"}";
    Snapshot.Input longest = read(json, Snapshot.Input.class);
    assertThat(longest).isEqualTo(new Snapshot.Input("log0", "l", false, "r1"));
    assertThat(longest.workflowId()).isEqualTo("snapshot/log0/r1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"volume\":\"log0\",\"label\":\" \"}",
        "{\"volume\":\"log0\",\"await\":\"no\"}",
        "{\"volume\":\"log0\",\"request\":\"a/b\"}"
      })
  void whatIsNotASnapshotIsRefused(String json) {
    assertThatThrownBy(() -> read(json, Snapshot.Input.class)).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"volume\":\"log0\"}", // what was before any point is destroyed: it is named
        "{\"volume\":\"log0\",\"gid\":1,\"label\":\"l\"}",
        "{\"volume\":\"log0\",\"gid\":1,\"maxGap\":\"1h\"}",
        "{\"volume\":\"log0\",\"gid\":1,\"archive\":\"a/0\"}",
        "{\"volume\":\"log0\",\"gid\":1,\"grant\":\"zzz\"}"
      })
  void whatIsNotAnApplyIsRefused(String json) {
    assertThatThrownBy(() -> read(json, Apply.Input.class)).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"volume\":\"log0\",\"fromGid\":1}",
        "{\"volume\":\"log0\",\"fromGid\":3,\"toGid\":3}",
        "{\"volume\":\"log0\",\"fromGid\":-1,\"toGid\":3}"
      })
  void whatIsNotAMergeIsRefused(String json) {
    assertThatThrownBy(() -> read(json, Merge.Input.class)).isInstanceOf(IOException.class);
  }

  /** Rule K5: what an operator signs. */
  @Test
  void theTargetOfAMergeNamesBothEnds() {
    assertThat(new Merge.Input("log0", 3L, 9L, null, null).target()).isEqualTo("3-9");
  }

  @Test
  void theReasonNamesTheFieldAndWhatThereIs() {
    assertThatThrownBy(() -> read("{\"volume\":\"v\",\"mode\":1}", FullBackup.Input.class))
        .satisfies(e ->
            assertThat(RunPayloads.reason(e))
                .isEqualTo("there is no field 'mode'; there are archive, rateLimit, volume"));
    assertThatThrownBy(() -> read("{\"volume\":\"v/w\"}", FullBackup.Input.class))
        .satisfies(e -> assertThat(RunPayloads.reason(e)).contains("'v/w' is not a volume name"));
    assertThatThrownBy(() -> read("{\"volume\":7}", FullBackup.Input.class))
        .satisfies(e -> assertThat(RunPayloads.reason(e)).startsWith("field 'volume': "));
  }

  @Test
  void theHashLeavesOutTheGrantAndNothingElse() {
    ClearVolume.Input without = new ClearVolume.Input("vol0", null);
    assertThat(new ClearVolume.Input("vol0", GRANT).inputHash()).isEqualTo(without.inputHash());
    assertThat(new ClearVolume.Input("vol1", GRANT).inputHash()).isNotEqualTo(without.inputHash());
    assertThat(new VerifyRestore.Input("vol0", null).inputHash())
        .isNotEqualTo(without.inputHash())
        .isNotEqualTo(new VerifyRestore.Input("vol0", 0L).inputHash());
    assertThat(new FullBackup.Input("vol0", "1MiB/s", null).inputHash())
        .isNotEqualTo(new FullBackup.Input("vol0", null, null).inputHash());
  }

  /** Operators sign this value, and runs of older releases are compared with it (rule K5). */
  @Test
  void theHashOfAnInputNeverChanges() {
    assertThat(new ClearVolume.Input("vol0", null).inputHash())
        .isEqualTo("df32313cae9cbc15010b38beb379d8eeec8afa145c637c80048f8dbf03feac65");
  }

  @ParameterizedTest
  @CsvSource({
    "100MiB/s,104857600",
    "20MB/s,20000000",
    "1048576,1048576",
    "1g,1000000000",
    "5 KiB/s,5120"
  })
  void aRateIsWrittenInSeveralWays(String text, long bytes) {
    assertThat(Rate.bytesPerSecond(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "", "-5", "1.5MiB/s", "fast", "999999999999999T"})
  void whatIsNotARateIsRefused(String text) {
    assertThatThrownBy(() -> Rate.bytesPerSecond(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not a rate limit");
  }

  @Test
  void aDurationIsWrittenInSeveralWays() {
    Map.of("90s", 90, "15m", 900, "1h30m", 5400, "1d", 86400, "1d2h", 93600, "PT1H", 3600)
        .forEach((text, s) -> assertThat(Span.parse(text)).isEqualTo(Duration.ofSeconds(s)));
    assertThatThrownBy(() -> Span.parse("soon")).hasMessageContaining("is not a duration");
  }

  @Test
  void aPlaceMayNameItsNode() {
    assertThat(Place.parse("device", "/dev/vg/lv"))
        .isEqualTo(new Place(Optional.empty(), "/dev/vg/lv"));
    assertThat(Place.parse("device", "/a:/b").path()).isEqualTo("/a:/b");
    assertThatThrownBy(() -> Place.parse("device", "n0:relative"))
        .hasMessageContaining("[NODE:]/absolute/path");
  }

  @Test
  void anAddVolumeNeedsAKindThatThereIs() throws IOException {
    String json = "{\"volume\":\"vol0\",\"kind\":\"plain\",\"device\":\"n0:/dev/sdb\"}";
    assertThat(read(json, AddVolume.Input.class).kind()).isEqualTo(VolumeKind.PLAIN);
    assertThatThrownBy(() -> read(json.replace("plain", "round"), AddVolume.Input.class))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> read("{\"volume\":\"v\",\"device\":\"/x\"}", AddVolume.Input.class))
        .satisfies(e -> assertThat(RunPayloads.reason(e)).contains("no kind was given"));
  }

  private static final String LOGGED = "{\"volume\":\"v\",\"kind\":\"logged\",\"sizeBytes\":4096";

  @Test
  void anAddVolumeSaysHowTheLogGetsToTheArchives() throws IOException {
    String json =
        LOGGED
            + """
            ,"archives":["a1","a0"],"proxies":["p1"],"releaseOn":"archive",
            "compression":"zstd:3","rateLimit":"1MiB/s","diffRateLimit":"2MiB/s",
            "cutInterval":"1m"}
            """;
    AddVolumePlan.Wanted wanted = read(json, AddVolume.Input.class).wanted();
    assertThat(wanted.archives()).containsExactly("a1", "a0");
    assertThat(wanted.log().orElseThrow().cutSeconds()).contains(60);
    assertThat(wanted.log().orElseThrow().shipping())
        .isEqualTo(
            new Shipping(
                List.of("p1"), ReleaseOn.ARCHIVE, Compression.parse("zstd:3"), 1 << 20, 2L << 20));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"releaseOn\":\"archvie\"", // else it would silently be the usual one
        "\"compression\":\"zstd:99\"",
        "\"rateLimit\":\"fast\"",
        "\"cutInterval\":\"0s\"",
        "\"cutInterval\":\"1.5s\"",
        "\"archive\":\"a0\",\"archives\":[\"a0\"]",
        "\"archives\":[]",
        "\"archives\":[\"a0\",\"a0\"]",
        "\"proxies\":[\"../p\"]"
      })
  void whatIsNoWayForALogIsRefused(String fields) {
    assertThatThrownBy(() -> read(LOGGED + "," + fields + "}", AddVolume.Input.class))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aPlainVolumeHasNoLogToSend() {
    String plain = "{\"volume\":\"v\",\"kind\":\"plain\",\"device\":\"/x\",";
    assertThatThrownBy(() -> read(plain + "\"proxies\":[\"p0\"]}", AddVolume.Input.class))
        .satisfies(e -> assertThat(RunPayloads.reason(e)).contains("a plain volume has a device"));
  }
}
