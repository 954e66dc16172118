package io.backstay.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.VolumeKind;
import io.backstay.policy.PointChoice.Wanted;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which point a restore takes (rule M4). */
class PointChoiceTest {
  private static final Instant T0 = Instant.parse("2026-11-21T08:00:00Z");

  private static final List<Point> POINTS =
      List.of(
          point(3, 0, "before-upgrade", true),
          point(5, 3600, null, true),
          point(6, 3600, "before-upgrade", true),
          point(7, 7200, null, false));

  private static final Duration MAX_GAP = Duration.ofSeconds(10);

  private static Point point(long gid, long seconds, String label, boolean clean) {
    return new Point(
        gid,
        T0.plusSeconds(seconds),
        Optional.ofNullable(label),
        clean,
        1 << 20,
        1 << 20,
        Point.Proof.FROZEN);
  }

  private static long gid(Wanted wanted) throws RefusedException {
    return PointChoice.choose("vol0", POINTS, wanted).point().gid();
  }

  private static Wanted at(long seconds, Duration maxGap) {
    return new Wanted.At(T0.plusSeconds(seconds), maxGap);
  }

  private static Refusal refusal(List<Point> points, Wanted wanted) {
    try {
      throw new AssertionError("taken: " + PointChoice.choose("vol0", points, wanted));
    } catch (RefusedException e) {
      assertThat(e.refusal().code()).isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
      return e.refusal();
    }
  }

  @Test
  void theNewestIsTheNewestCleanOne() throws Exception {
    assertThat(gid(new Wanted.Newest())).isEqualTo(6);
  }

  @Test
  void aGidIsTakenExactlyOrItsNeighboursAreNamed() throws Exception {
    assertThat(gid(new Wanted.Gid(3))).isEqualTo(3);
    assertThat(refusal(POINTS, new Wanted.Gid(4)).found())
        .isEqualTo("before: gid 3 at 2026-11-21T08:00:00Z; after: gid 5 at 2026-11-21T09:00:00Z");
    assertThat(refusal(POINTS, new Wanted.Gid(7)).found())
        .isEqualTo("before: gid 6 at 2026-11-21T09:00:00Z; after: none");
  }

  @Test
  void aLabelMeansTheNewestPointThatHasIt() throws Exception {
    assertThat(gid(new Wanted.Label("before-upgrade"))).isEqualTo(6);
    refusal(POINTS, new Wanted.Label("nightly"));
  }

  @Test
  void aTimeMeansTheNewestPointBeforeItUpToTheGap() throws Exception {
    assertThat(gid(at(0, Duration.ZERO))).isEqualTo(3);
    assertThat(gid(at(3600, MAX_GAP))).isEqualTo(6);
    assertThat(gid(at(3610, MAX_GAP))).isEqualTo(6);
    assertThat(gid(at(3599, Duration.ofHours(1)))).isEqualTo(3);
    refusal(POINTS, at(3611, MAX_GAP));
    assertThat(refusal(POINTS, at(3599, MAX_GAP)).found())
        .isEqualTo("before: gid 3 at 2026-11-21T08:00:00Z; after: gid 5 at 2026-11-21T09:00:00Z");
  }

  /** A cut: nothing was written until {@code quietUntil} seconds. */
  private static Point cut(long gid, long seconds, long quietUntil) {
    return new Point(
        gid,
        T0.plusSeconds(seconds),
        Optional.empty(),
        true,
        1 << 20,
        1 << 20,
        Point.Proof.FROZEN,
        false,
        Optional.of(T0.plusSeconds(quietUntil)));
  }

  private static final List<Point> CUTS =
      List.of(cut(1, 0, 100), cut(2, 200, 205), cut(3, 300, 300));

  /** Rule M4: evidence, however long the gap; no evidence, only a short one. */
  @Test
  void aPointStandsForAsLongAsNothingWasWrittenAfterIt() throws Exception {
    ChosenPoint quiet = PointChoice.choose("vol0", CUTS, at(100, MAX_GAP));
    assertThat(quiet.words())
        .isEqualTo(
            "gid 1 at 2026-11-21T08:00:00Z, 1m40s before 2026-11-21T08:01:40Z, nothing was written"
                + " between");
    assertThat(quiet.gap().orElseThrow().evidence())
        .isEqualTo(ChosenPoint.Evidence.NOTHING_WRITTEN);
    assertThat(refusal(CUTS, at(101, MAX_GAP)).found())
        .isEqualTo("before: gid 1 at 2026-11-21T08:00:00Z; after: gid 2 at 2026-11-21T08:03:20Z");
    ChosenPoint near = PointChoice.choose("vol0", CUTS, at(206, MAX_GAP));
    assertThat(near.words())
        .isEqualTo("gid 2 at 2026-11-21T08:03:20Z, 6s before 2026-11-21T08:03:26Z");
    assertThat(near.gap().orElseThrow().evidence()).isEqualTo(ChosenPoint.Evidence.WITHIN_MAX_GAP);
    assertThat(PointChoice.choose("vol0", CUTS, at(300, Duration.ZERO)).point().gid()).isEqualTo(3);
  }

  /** Rule M4: the gap that is allowed by itself. */
  @Test
  void withoutAWordTheGapIsTwiceTheIntervalOfTheVolumesCuts() {
    assertThat(PointChoice.maxGap(record(Optional.empty()))).isEqualTo(Duration.ofSeconds(10));
    LogPlan log = new LogPlan("/l", 1 << 30, 1 << 26, OnLogFull.OVERFLOW, 60);
    assertThat(PointChoice.maxGap(record(Optional.of(log)))).isEqualTo(Duration.ofMinutes(2));
  }

  private static ProtectionRecord record(Optional<LogPlan> log) {
    return new ProtectionRecord(
        1,
        "vol0",
        log.isPresent() ? VolumeKind.LOGGED : VolumeKind.PLAIN,
        4096,
        "/dev/x",
        "s0",
        List.of("a0"),
        "a0",
        log);
  }

  @Test
  void aTimeBeforeTheFirstPointIsNeverReachable() {
    refusal(POINTS, at(-1, Duration.ofDays(365)));
  }

  @Test
  void aVolumeWithoutAPointSaysWhatMakesOne() {
    assertThat(refusal(List.of(), new Wanted.Newest()).next())
        .isEqualTo("backstay backup full vol0 makes the first one");
    refusal(List.of(point(7, 0, null, false)), new Wanted.Newest());
  }

  @Test
  void aLabelThatIsNotThereIsRefusedWithThoseThatAre() {
    List<Point> labelled =
        List.of(point(1, 0, "old", true), point(2, 10, null, true), point(3, 20, "new", true));
    Refusal refused = refusal(labelled, new Wanted.Label("newer"));
    assertThat(refused.found()).isEqualTo("'new' is gid 3, 'old' is gid 1");
    assertThat(refusal(List.of(point(2, 10, null, true)), new Wanted.Label("x")).found())
        .isEqualTo("no point with a label");
  }
}
