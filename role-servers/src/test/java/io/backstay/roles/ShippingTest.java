package io.backstay.roles;

import static io.backstay.roles.TwinGroup.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.log.LoggedVolume;
import io.backstay.model.Compression;
import io.backstay.model.OperationReport;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Role;
import io.backstay.model.Shipping;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How the log of a volume gets to its archive: by whom, how fast, and what is told of it. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ShippingTest {
  private static final int BYTES = 8 * MIB;
  private static final int FASTER = 20;
  private static final Shipping IN_ORDER = Shipping.by(List.of("p0", "p1"));

  private TwinGroup group;
  private LoggedSource source;

  private void begin(Time time, Shipping shipping) throws Exception {
    group = new TwinGroup(time);
    source = new LoggedSource(group, BYTES);
    group.start();
    group.proxy.start();
    group.otherProxy.start();
    source.add(shipping);
    source.write(20);
    source.backUp("run/full");
  }

  @AfterEach
  void stop() throws Exception {
    group.die();
  }

  private Reply.Delivery delivery() throws Exception {
    Reply reply = group.proxy.service.answer(TwinGroup.WORKER, new Command.ListVolumes());
    return ((Reply.Volumes) reply)
        .volumes()
        .getFirst()
        .spool()
        .orElseThrow()
        .deliveries()
        .getFirst();
  }

  private void assertRestorable() throws Exception {
    source.awaitPoint(source.newest());
    source.assertRestored(source.newest());
  }

  /** Rule X1. */
  @Test
  void theFirstProxyInOrderThatTakesItHasTheLogAndGetsItBackWhenItReturns() throws Exception {
    begin(FasterTime.by(FASTER), IN_ORDER);
    LoggedSource.await(() -> source.shipping().proxy().equals(Optional.of("p0")));
    group.proxy.die();
    source.write(20);
    source.snapshot("run/without");
    LoggedSource.await(() ->
        source.shipping().proxy().equals(Optional.of("p1"))
            && source.shipping().unsentBytes() == 0);
    assertThat(source.shipping().failingSince()).isEmpty();
    group.proxy.start();
    LoggedSource.await(() -> source.shipping().proxy().equals(Optional.of("p0")));
    source.write(20);
    source.snapshot("run/with");
    assertRestorable();
    assertThat(delivery().diffs()).isZero();
  }

  private Shipping releasedBy(ReleaseOn who) {
    return new Shipping(List.of("p0"), who, Compression.DEFAULT, 0, 0L);
  }

  private boolean isReleased() throws Exception {
    return source.logFacts().usedBytes() < MIB;
  }

  /** Rule X1: the log is needed no more as soon as a proxy has it, which is the usual. */
  @Test
  void aLogIsLetGoOfWhenTheProxyHasIt() throws Exception {
    begin(FasterTime.by(FASTER), releasedBy(ReleaseOn.PROXY));
    group.archive.die();
    source.fill();
    LoggedSource.await(this::isReleased);
    assertThat(source.shipping().unarchivedBytes()).isGreaterThan(BYTES);
    group.archive.start();
    source.snapshot("run/after");
    assertRestorable();
    LoggedSource.await(() -> source.shipping().unarchivedBytes() == 0);
  }

  /** Rule X1: then the loss of a proxy's disk costs nothing. */
  @Test
  void aLogIsKeptUntilTheArchiveHasItWhereThatIsWanted() throws Exception {
    begin(FasterTime.by(FASTER), releasedBy(ReleaseOn.ARCHIVE));
    group.archive.die();
    source.fill();
    source.snapshot("run/before");
    LoggedSource.await(() -> source.shipping().unsentBytes() == 0);
    group.proxy.die();
    group.proxy.loseDisk();
    assertThat(isReleased()).isFalse();
    group.proxy.start();
    group.archive.start();
    assertRestorable();
    LoggedSource.await(this::isReleased);
  }

  /** Rule X2, and walb's wdiff-send-error. */
  @Test
  void anArchiveThatTakesNoDiffsIsToldWithTheReasonUntilItTakesThem() throws Exception {
    begin(FasterTime.by(FASTER), IN_ORDER);
    assertThat(delivery().failingSince()).isEmpty();
    group.archive.die();
    source.write(20);
    source.snapshot("run/waits");
    LoggedSource.await(() -> delivery().failingSince().isPresent());
    assertThat(delivery().trouble()).isPresent();
    assertThat(delivery().diffs()).isPositive();
    assertThat(delivery().oldest()).isPresent();
    group.archive.start();
    assertRestorable();
    LoggedSource.await(() -> delivery().failingSince().isEmpty());
    assertThat(delivery().trouble()).isEmpty();
    assertThat(delivery().oldest()).isEmpty();
  }

  private static final Peer OPERATOR = new Peer("g", "operator", Role.OPERATOR);

  /** Here whoever was refused twice would wait without end for the next attempt. */
  @Test
  void aKickSendsAtOnceWhatWaits() throws Exception {
    begin(FasterTime.patient(FASTER, Duration.ofSeconds(1)), Shipping.by(List.of("p0")));
    group.archive.die();
    source.write(20);
    source.snapshot("run/archive-away");
    LoggedSource.await(() -> delivery().failingSince().isPresent());
    group.archive.start();
    while (!has(source.newest())) group.proxy.service.answer(OPERATOR, new Command.Kick("vol0"));
    group.proxy.die();
    source.write(20);
    source.snapshot("run/proxy-away");
    LoggedSource.await(() -> source.shipping().failingSince().isPresent());
    group.proxy.start();
    while (!has(source.newest())) group.storage.service.answer(OPERATOR, new Command.Kick("vol0"));
    source.assertRestored(source.newest());
  }

  private boolean has(long gid) throws Exception {
    return group.points().stream().anyMatch(point -> point.gid() == gid);
  }

  private static Shipping atMost(long log, long diffs) {
    return new Shipping(List.of("p0"), ReleaseOn.PROXY, Compression.NONE, log, diffs);
  }

  /** The log is where it was soon after; what would take minutes is not there yet. */
  @Test
  void diffsGoToTheArchiveAsFastAsTheyMay() throws Exception {
    begin(Time.system(), atMost(0, 64 << 10));
    source.putRandom(0, 4 * MIB);
    source.snapshot("run/slow");
    LoggedSource.await(() -> source.shipping().unsentBytes() == 0);
    assertThat(has(source.newest())).isFalse();
    assertThat(delivery().bytes()).isGreaterThan(4 * MIB);
    assertThat(delivery().failingSince()).isEmpty();
  }

  @Test
  void theLogGoesToTheProxyAsFastAsItMay() throws Exception {
    begin(Time.system(), atMost(64 << 10, 0));
    source.putRandom(0, 4 * MIB);
    source.snapshot("run/slow");
    LoggedSource.await(() -> source.shipping().proxy().isPresent());
    assertThat(source.shipping().unsentBytes()).isGreaterThan(4 * MIB);
    assertThat(source.shipping().failingSince()).isEmpty();
  }

  /** As without memory: the storage is not left waiting for a thread that is no more. */
  @Test
  void aProxyThatFailsInAWayThatNobodyForesawIsLeftAndTriedAgain() throws Exception {
    begin(FasterTime.by(FASTER), Shipping.by(List.of("p0")));
    AtomicBoolean failed = new AtomicBoolean();
    group.proxy.disk.beforeEachOperation(operation -> {
      if (operation.contains("/spool/") && failed.compareAndSet(false, true))
        throw new OutOfMemoryError("cannot reserve direct buffer memory");
    });
    source.write(20);
    source.snapshot("run/snapshot");
    assertRestorable();
    assertThat(failed).isTrue();
  }

  /** Nobody has to start anything again when there is room. */
  @Test
  void aVolumeThatFailedForWantOfRoomIsServedAgainWhenThereIsSome() throws Exception {
    begin(FasterTime.by(FASTER), Shipping.by(List.of("p0")));
    group.storage.service.answer(
        OPERATOR, new Command.ResetVolume("vol0", source.logFacts().session()));
    group.storage.disk.beforeEachOperation(operation -> {
      if (operation.contains(LoggedVolume.STATE_FILE)) group.storage.disk.capacity(0);
    });
    group.storage.start("run/again", 3, group.backup());
    LoggedSource.await(
        () -> volume().trouble().filter(it -> it.contains("No space left")).isPresent());
    group.storage.disk.beforeEachOperation(_ -> {});
    group.storage.disk.capacity(Long.MAX_VALUE);
    assertThat(group.storage.await("run/again").state()).isEqualTo(OperationReport.State.DONE);
    assertThat(volume().trouble()).isEmpty();
    source.write(20);
    source.snapshot("run/snapshot");
    assertRestorable();
  }

  private Reply.VolumeFacts volume() throws Exception {
    Reply reply = group.storage.service.answer(TwinGroup.WORKER, new Command.ListVolumes());
    return ((Reply.Volumes) reply).volumes().getFirst();
  }
}
