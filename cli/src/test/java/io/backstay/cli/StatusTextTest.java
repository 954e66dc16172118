package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.group.Hops;
import io.backstay.group.StatusReport;
import io.backstay.group.StatusReport.State;
import io.backstay.model.Compression;
import io.backstay.model.OnLogFull;
import io.backstay.model.Point;
import io.backstay.model.ReleaseOn;
import io.backstay.model.VolumeKind;
import io.backstay.policy.VolumeSettings;
import io.backstay.wire.Cbor;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What people and scripts read of volumes whose log is sent. */
class StatusTextTest {
  private static final Instant NOW = Instant.parse("2026-11-21T03:00:00Z");
  private static final Optional<Instant> T = Optional.of(NOW);
  private static final Optional<StatusReport.Newest> GID =
      Optional.of(new StatusReport.Newest(7, NOW));

  private static Hops hops(State archive) {
    Hops.ToProxy storage =
        new Hops.ToProxy(
            "s0", Optional.of("p0"), 2048, 4096, Optional.of(2L), GID, T, Optional.of("slow"));
    Hops.Delivery delivery =
        new Hops.Delivery("a0", 2, 4096, 65, T, Optional.of("connection refused"));
    Hops.Spool spool = new Hops.Spool(2, 4096, Optional.of(7L), 1, List.of(delivery));
    Hops.Chain chain =
        new Hops.Chain(Optional.of(1), List.of(2), 5, 4096, Optional.of(7L), Optional.of("5 to 8"));
    return new Hops(
        Optional.of(storage),
        List.of(
            new Hops.AtProxy("p0", State.UP, Optional.empty(), Optional.of(spool)),
            new Hops.AtProxy("p1", State.UNKNOWN, T, Optional.empty())),
        List.of(
            new Hops.AtArchive(
                "a0", archive, T, GID, T, Optional.of(3L), 2, 4096, Optional.of(chain))));
  }

  private static StatusReport.Volume volume(State archive) {
    return new StatusReport.Volume(
        "vol0",
        VolumeKind.LOGGED,
        1 << 30,
        "TARGET",
        Optional.of("nbd+unix:///vol0"),
        Optional.empty(),
        archive == State.UP ? GID : Optional.empty(),
        T,
        archive == State.UP ? Optional.of(3L) : Optional.empty(),
        archive == State.UP ? Optional.empty() : T,
        "/dev/x",
        "s0",
        List.of("a0"),
        "a0",
        List.of("p0", "p1"),
        hops(archive),
        List.of("unknown at p1", "a0 has a gap"));
  }

  private static String text(State archive) {
    return StatusCommand.volumes(
        new StatusReport(
            "g",
            "/d",
            NOW,
            new StatusReport.Process(Optional.empty(), State.UP),
            List.of(),
            null,
            T,
            List.of(volume(archive))));
  }

  @Test
  void eachVolumeHasOneLineWithItsAgeAndOneForEachTrouble() {
    assertThat(text(State.UP).lines())
        .containsExactly(
            "VOLUME  KIND    SIZE     STATE   NEWEST RESTORABLE            AGE",
            "vol0    logged  1.0 GiB  TARGET  gid 7, 2026-11-21T03:00:00Z  3 s",
            "",
            "! vol0: unknown at p1",
            "! vol0: a0 has a gap");
  }

  @Test
  void anAgeThatNobodyConfirmedIsUnknown() {
    assertThat(text(State.UNKNOWN).lines().toList().get(1))
        .endsWith("-                  unknown since 2026-11-21T03:00:00Z");
  }

  @Test
  void eachServerOnTheWayHasALine() {
    assertThat(HopsShown.lines(hops(State.UP)))
        .containsExactly(
            "s0:       to p0, 2.0 KiB not sent, 2 s behind, 4.0 KiB not known to be in all archives",
            "p0:       2 diffs, 4.0 KiB; a0 lacks 2, 1 min 5 s behind, failing since 2026-11-21T03:00:00Z",
            "p1:       unknown since 2026-11-21T03:00:00Z",
            "a0:       gid 7 of 2026-11-21T03:00:00Z, age 3 s, behind by 2 diffs, 5 diffs, 4.0 KiB, session 1");
  }

  private static final Optional<Integer> NONE = Optional.empty();
  private static final VolumeSettings SETTINGS =
      new VolumeSettings(
          List.of("p1", "p0"),
          ReleaseOn.ARCHIVE,
          Compression.parse("zstd:3"),
          0,
          5 << 20,
          90,
          OnLogFull.BLOCK);

  private static String shown(Optional<List<Point>> points, Optional<Integer> count) {
    return VolumeCommands.Show.text(
        new VolumeCommands.Shown(volume(State.UP), Optional.of(SETTINGS), points, count));
  }

  @Test
  void ofManyPointsTheNewestAreShownAndHowManyThereAre() {
    Instant time = Instant.parse("2026-11-21T03:00:00Z");
    List<Point> points =
        List.of(new Point(7, time, Optional.empty(), true, 4096, 10, Point.Proof.FROZEN));
    assertThat(shown(Optional.of(points), Optional.of(31)))
        .endsWith("the newest 1 of 31 points: backstay point list vol0");
    assertThat(shown(Optional.of(points), Optional.of(1))).endsWith("frozen");
    assertThat(shown(Optional.of(points), NONE)).endsWith("frozen");
    assertThat(shown(Optional.empty(), NONE))
        .contains(
            "\n  settings: proxy p1, p0; release-on archive; compression zstd:3; log-rate-limit none;"
                + " diff-rate-limit 5.0 MiB/s; cut-interval 1m30s; on-log-full block\n")
        .endsWith("no points: a0 cannot be reached");
  }

  @Test
  void everyFieldOfAVolumeIsInTheSchemas() {
    JsonNode list = Cbor.json().valueToTree(List.of(volume(State.UP)));
    assertThat(Schema.of("volume-list").misfits(list)).isEmpty();
    JsonNode shown =
        Cbor.json()
            .valueToTree(
                new VolumeCommands.Shown(
                    volume(State.UNKNOWN), Optional.of(SETTINGS), Optional.of(List.of()), NONE));
    assertThat(Schema.of("volume-show").misfits(shown)).isEmpty();
  }
}
