package io.backstay.roles;

import static io.backstay.roles.TwinGroup.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Compression;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Shipping;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How the log of a volume is kept and sent changes while it is used (rule M3). */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SettingsTest {
  private static final int BYTES = 8 * MIB;
  private static final int FASTER = 20;

  /** With that a MiB takes longer than a test may. */
  private static final long CRAWL = 8 << 10;

  private TwinGroup group;
  private LoggedSource source;

  private void begin(Time time, Shipping shipping) throws Exception {
    group = new TwinGroup(time);
    source = new LoggedSource(group, BYTES);
    group.start();
    group.proxy.start();
    group.otherProxy.start();
    source.add(shipping);
    source.backUp("run/full");
  }

  @AfterEach
  void stop() throws Exception {
    group.die();
  }

  private static Shipping by(ReleaseOn who, Compression compression, long log, long diffs) {
    return new Shipping(List.of("p0"), who, compression, log, diffs);
  }

  private static Shipping compressed(Compression compression) {
    return by(ReleaseOn.PROXY, compression, 0, 0);
  }

  private static Shipping atMost(long log, long diffs) {
    return by(ReleaseOn.PROXY, Compression.NONE, log, diffs);
  }

  private static Reply.VolumeFacts facts(TwinGroup.Server server) throws Exception {
    Reply reply = server.service.answer(TwinGroup.WORKER, new Command.ListVolumes());
    return ((Reply.Volumes) reply).volumes().getFirst();
  }

  private long waitingBytes() throws Exception {
    return facts(group.proxy).spool().orElseThrow().bytes();
  }

  private void snapshotAtTheProxy(String operation) throws Exception {
    source.snapshot(operation);
    LoggedSource.await(() -> source.shipping().unsentBytes() == 0);
  }

  private void assertRestorable() throws Exception {
    source.awaitPoint(source.newest());
    source.assertRestored(source.newest());
  }

  @Test
  void anotherCompressionIsThatOfTheNextDiffAndIsKnownEverywhereSoon() throws Exception {
    begin(FasterTime.by(FASTER), compressed(Compression.DEFAULT));
    group.archive.die();
    source.put(0, "the same again  ".repeat(4 * MIB / 16).getBytes());
    snapshotAtTheProxy("run/small");
    assertThat(waitingBytes()).isLessThan(MIB);
    source.set(2, compressed(Compression.NONE));
    LoggedSource.await(() -> facts(group.proxy).recordVersion() == 2);
    source.put(4 * MIB, "the same again  ".repeat(4 * MIB / 16).getBytes());
    snapshotAtTheProxy("run/large");
    assertThat(waitingBytes()).isGreaterThan(4 * MIB);
    group.archive.start();
    assertRestorable();
    assertThat(facts(group.archive).recordVersion()).isEqualTo(2);
    group.storage.dieAndStart();
    source.write(20);
    source.snapshot("run/restarted");
    assertRestorable();
    assertThat(facts(group.storage).recordVersion()).isEqualTo(2);
  }

  /** Rule X2: the archive knows by then that the record does not name it any more. */
  @Test
  void aProxyThatIsLeftOutStillBringsWhatItHas() throws Exception {
    begin(FasterTime.by(FASTER), Shipping.by(List.of("p0")));
    group.archive.die();
    source.write(20);
    snapshotAtTheProxy("run/by-p0");
    long byFormer = source.newest();
    group.proxy.die();
    source.set(
        2, new Shipping(List.of("p1"), ReleaseOn.PROXY, Compression.DEFAULT, 0, 0L, List.of("p0")));
    LoggedSource.await(() -> source.shipping().proxy().equals(Optional.of("p1")));
    source.write(20);
    snapshotAtTheProxy("run/by-p1");
    group.archive.start();
    LoggedSource.await(() -> facts(group.archive).recordVersion() == 2);
    group.proxy.start();
    assertRestorable();
    source.assertRestored(byFormer);
    LoggedSource.await(() -> facts(group.proxy).recordVersion() == 2 && waitingBytes() == 0);
  }

  /**
   * Rule X1. What was let go of while a proxy's word was enough is not there to be sent again; the
   * storage looked for what followed the last that archives have, found nothing, and was silent.
   */
  @Test
  void aLogThatWaitsForArchivesFromNowOnGoesOnBehindWhatWasLetGo() throws Exception {
    begin(FasterTime.by(FASTER), Shipping.by(List.of("p0")));
    source.write(20);
    source.snapshot("run/archived");
    assertRestorable();
    group.archive.die();
    for (String operation : List.of("run/one", "run/two", "run/three")) {
      source.write(20);
      snapshotAtTheProxy(operation);
    }
    source.set(2, by(ReleaseOn.ARCHIVE, Compression.NONE, 0, 0));
    LoggedSource.await(() -> facts(group.proxy).recordVersion() == 2);
    source.write(20);
    snapshotAtTheProxy("run/under-the-new-record");
    group.archive.start();
    assertRestorable();
    LoggedSource.await(() -> source.shipping().unarchivedBytes() == 0);
  }

  @Test
  void anotherLimitOfTheLogHoldsAtOnce() throws Exception {
    begin(Time.system(), atMost(CRAWL, 0));
    source.putRandom(0, 4 * MIB);
    source.snapshot("run/slow");
    LoggedSource.await(() -> source.shipping().proxy().isPresent());
    assertThat(source.shipping().unsentBytes()).isGreaterThan(4 * MIB);
    source.set(2, atMost(0, 0));
    LoggedSource.await(() -> source.shipping().unsentBytes() == 0);
    assertRestorable();
  }

  @Test
  void anotherLimitOfTheDiffsHoldsAtOnce() throws Exception {
    begin(Time.system(), atMost(0, CRAWL));
    source.putRandom(0, 4 * MIB);
    snapshotAtTheProxy("run/slow");
    assertThat(waitingBytes()).isGreaterThan(4 * MIB);
    source.set(2, atMost(0, 0));
    assertRestorable();
  }

  /** Rule X1: nobody writes, so no later cut would let go of it. */
  @Test
  void aLogThatAProxyHasIsLetGoOfAsSoonAsThatIsEnough() throws Exception {
    begin(FasterTime.by(FASTER), by(ReleaseOn.ARCHIVE, Compression.DEFAULT, 0, 0));
    group.archive.die();
    source.fill();
    snapshotAtTheProxy("run/waits");
    assertThat(source.logFacts().usedBytes()).isGreaterThan(BYTES);
    source.set(2, compressed(Compression.DEFAULT));
    LoggedSource.await(() -> source.logFacts().usedBytes() < MIB);
  }

  @Test
  void aRecordOfAnotherVolumeOrPlaceIsNotTaken() throws Exception {
    begin(FasterTime.by(FASTER), compressed(Compression.DEFAULT));
    ProtectionRecord other =
        new ProtectionRecord(
            2,
            "vol0",
            source.record(2, BYTES, Shipping.NONE).kind(),
            BYTES,
            "/dev/other",
            "s0",
            List.of("a0"),
            "a0",
            source.record(2, BYTES, Shipping.NONE).log());
    assertThatThrownBy(() -> group.storage.start("set/other", 9, TwinGroup.set(other)))
        .isInstanceOfSatisfying(
            RefusedException.class,
            refused ->
                assertThat(refused.refusal().code()).isEqualTo(RefusalCode.VERSION_CONFLICT));
    assertThatThrownBy(() ->
            group.archive.start(
                "set/archive", 9, TwinGroup.set(source.record(2, BYTES, Shipping.NONE))))
        .isInstanceOf(RefusedException.class);
  }

  /** A resize that comes after settings which a server did not hear of. */
  @Test
  void aResizeBringsTheSettingsAlong() throws Exception {
    begin(FasterTime.by(FASTER), compressed(Compression.DEFAULT));
    source.resize(2 * BYTES, 3, compressed(Compression.NONE));
    assertThat(facts(group.storage).recordVersion()).isEqualTo(3);
    source.putRandom(2 * BYTES - MIB, MIB);
    source.snapshot("run/larger");
    assertRestorable();
  }
}
