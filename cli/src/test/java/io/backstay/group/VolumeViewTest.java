package io.backstay.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Cut;
import io.backstay.model.LogPlan;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What is said of a volume, and on whose word. */
class VolumeViewTest {
  private static final Instant NOW = Instant.parse("2026-11-21T03:00:00Z");
  private static final Optional<String> NONE = Optional.empty();
  private static final ProtectionRecord RECORD =
      new ProtectionRecord(
          1,
          "vol0",
          VolumeKind.LOGGED,
          4096,
          "/dev/x",
          "s0",
          List.of("a0", "a1"),
          "a0",
          Optional.of(new LogPlan("/dev/l", 1 << 30, 1 << 26)),
          Optional.of(Shipping.by(List.of("p0", "p1"))));

  private final Map<String, Reply.Volumes> said = new TreeMap<>();

  VolumeViewTest() {
    storage(shipping(Optional.of("p0"), 0, NONE), 100);
    proxy("p0");
    proxy("p1");
    archive("a0", Optional.of(NOW.minusSeconds(3)), NONE);
    archive("a1", Optional.of(NOW.minusSeconds(4)), NONE);
  }

  private static Instant ago(long seconds) {
    return NOW.minusSeconds(seconds);
  }

  private void say(
      String server,
      Optional<Point> newest,
      Optional<Reply.LogFacts> log,
      Optional<Reply.SpoolFacts> spool,
      Optional<Reply.ChainFacts> chain) {
    Reply.VolumeFacts facts =
        new Reply.VolumeFacts(
            "vol0",
            VolumeKind.LOGGED,
            4096,
            "READY",
            1,
            1,
            List.of(),
            newest,
            NONE,
            log,
            spool,
            chain);
    said.put(server, new Reply.Volumes(List.of(facts)));
  }

  private void storage(Reply.ShippingFacts shipping, long usedBytes) {
    Reply.LogFacts log =
        new Reply.LogFacts(
            "nbd+unix:///vol0",
            usedBytes,
            1000,
            10,
            0,
            0,
            Optional.of(90L),
            1,
            true,
            Optional.empty(),
            3,
            Optional.empty(),
            Optional.of(shipping));
    say("s0", Optional.empty(), Optional.of(log), Optional.empty(), Optional.empty());
  }

  private static Reply.ShippingFacts shipping(
      Optional<String> proxy, long unsentBytes, Optional<String> trouble) {
    Cut sent = new Cut(1, 8, 7, ago(6), Optional.empty(), false, NONE);
    return new Reply.ShippingFacts(
        proxy,
        unsentBytes,
        unsentBytes,
        Optional.of(sent),
        proxy.isEmpty() ? Optional.of(ago(3600)) : Optional.empty(),
        trouble,
        unsentBytes == 0 ? Optional.empty() : Optional.of(ago(120)),
        Optional.empty());
  }

  private void proxy(String server, Reply.Delivery... deliveries) {
    var spool =
        new Reply.SpoolFacts(deliveries.length, 10, Optional.of(7L), 0, List.of(deliveries));
    say(server, Optional.empty(), Optional.empty(), Optional.of(spool), Optional.empty());
  }

  private void archive(String server, Optional<Instant> upToDateAt, Optional<String> missing) {
    Optional<Point> newest =
        upToDateAt.map(at -> new Point(7, ago(60), NONE, true, 4096, 10, Point.Proof.FROZEN));
    var chain =
        new Reply.ChainFacts(
            Optional.of(1), List.of(), 5, 50, Optional.of(7L), upToDateAt, missing, false);
    say(server, newest, Optional.empty(), Optional.empty(), Optional.of(chain));
  }

  private StatusReport.Volume view() {
    return new VolumeView(RECORD, new Heard(said, Map.of("a0", ago(500)), NOW)).report();
  }

  @Test
  void aVolumeThatGetsOnHasAnAgeAndNoTrouble() {
    StatusReport.Volume volume = view();
    assertThat(volume.ageSeconds()).contains(3L);
    assertThat(volume.newestRestorable()).contains(new StatusReport.Newest(7, ago(60)));
    assertThat(volume.hops().storage().orElseThrow().lagSeconds()).contains(0L);
    assertThat(volume.trouble()).isEmpty();
  }

  /**
   * The storage's word that all is sent, and the proxy's that all is delivered, are no evidence.
   */
  @Test
  void ofAnArchiveThatIsNotHeardNobodyElseTellsHowOldItIs() {
    said.remove("a0");
    StatusReport.Volume volume = view();
    assertThat(volume.ageSeconds()).isEmpty();
    assertThat(volume.newestRestorable()).isEmpty();
    assertThat(volume.unknownSince()).contains(ago(500));
    assertThat(volume.hops().archive("a0").state()).isEqualTo(StatusReport.State.UNKNOWN);
    assertThat(volume.hops().archive("a1").ageSeconds()).contains(4L);
    assertThat(volume.trouble()).containsExactly("unknown at a0 since 2026-11-21T02:51:40Z");
  }

  @Test
  void whereNothingIsRestorableThereIsNoAge() {
    archive("a0", Optional.empty(), NONE);
    assertThat(view().ageSeconds()).isEmpty();
    assertThat(view().unknownSince()).isEmpty();
  }

  @Test
  void anImageOfAVolumeWithoutALogIsAsOldAsItsPoint() {
    Point point = new Point(3, ago(90), NONE, true, 4096, 10, Point.Proof.FROZEN);
    say("a0", Optional.of(point), Optional.empty(), Optional.empty(), Optional.empty());
    assertThat(view().ageSeconds()).contains(90L);
  }

  @Test
  void whatAProxyCannotDeliverIsToldWithArchiveReasonAndAmount() {
    proxy(
        "p0",
        new Reply.Delivery(
            "a1", 4, 4096, Optional.of(ago(70)), Optional.of(ago(65)), Optional.of("refused")));
    StatusReport.Volume volume = view();
    assertThat(volume.hops().archive("a1").behindDiffs()).isEqualTo(4);
    assertThat(volume.hops().archive("a0").behindDiffs()).isZero();
    assertThat(volume.trouble())
        .containsExactly(
            "p0 cannot send to a1 since 2026-11-21T02:58:55Z: refused; 4 diffs, 4.0 KiB wait at p0, the oldest for 1 min 10 s");
  }

  @Test
  void whatIsOnItsWayIsNoTroubleUntilItIsLate() {
    proxy("p0", delivery(60));
    assertThat(view().trouble()).isEmpty();
    proxy("p0", delivery(61));
    assertThat(view().trouble())
        .containsExactly("a0 is behind: 1 diffs, 10 bytes wait at p0, the oldest for 1 min 1 s");
  }

  private static Reply.Delivery delivery(long seconds) {
    return new Reply.Delivery("a0", 1, 10, Optional.of(ago(seconds)), Optional.empty(), NONE);
  }

  @Test
  void thatNoProxyTakesTheLogAndWhenItIsFullIsTold() {
    storage(shipping(Optional.empty(), 2048, Optional.of("p1: connection refused")), 100);
    assertThat(view().trouble())
        .containsExactly(
            "no proxy takes its log since 2026-11-21T02:00:00Z: p1: connection refused, 2.0 KiB is not sent",
            "its log is full in 1 min 30 s: 100 bytes of 1000 bytes used");
  }

  /** It is released as fast as it grows. */
  @Test
  void aLogThatGrowsIsNoTroubleBeforeItIsHalfFull() {
    storage(shipping(Optional.of("p0"), 0, NONE), 500);
    assertThat(view().trouble()).isEmpty();
    storage(shipping(Optional.of("p0"), 0, NONE), 501);
    assertThat(view().trouble())
        .hasSize(1)
        .first()
        .asString()
        .startsWith("its log is full in 1 min 30 s");
  }

  @Test
  void aProxyThatStandsInForAnotherIsTold() {
    storage(shipping(Optional.of("p1"), 0, Optional.of("p0: connection refused")), 100);
    said.remove("p0");
    assertThat(view().trouble())
        .containsExactly(
            "unknown at p0, it was never seen",
            "p1 takes its log in place of p0: p0: connection refused");
  }

  @Test
  void aGapInTheChainIsTold() {
    archive("a1", Optional.of(ago(4)), Optional.of("no diff from gid 5 to gid 8"));
    assertThat(view().trouble())
        .containsExactly("a1 has a gap in its chain: no diff from gid 5 to gid 8");
  }

  @Test
  void aProxyThatIsNoMoreInTheRecordIsShownWhileItHoldsSomething() {
    proxy("p9", delivery(5));
    assertThat(view().hops().proxies())
        .extracting(Hops.AtProxy::server)
        .containsExactly("p0", "p1", "p9");
  }
}
