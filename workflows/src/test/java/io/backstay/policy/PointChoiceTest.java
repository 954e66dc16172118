package io.backstay.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
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
    return PointChoice.choose("vol0", POINTS, wanted).gid();
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
    assertThat(gid(at(3600, PointChoice.MAX_GAP))).isEqualTo(6);
    assertThat(gid(at(3610, PointChoice.MAX_GAP))).isEqualTo(6);
    assertThat(gid(at(3599, Duration.ofHours(1)))).isEqualTo(3);
    refusal(POINTS, at(3611, PointChoice.MAX_GAP));
    assertThat(refusal(POINTS, at(3599, PointChoice.MAX_GAP)).found())
        .isEqualTo("before: gid 3 at 2026-11-21T08:00:00Z; after: gid 5 at 2026-11-21T09:00:00Z");
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
}
