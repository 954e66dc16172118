package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Cut;
import io.backstay.model.RefusalCode;
import io.backstay.model.Session;
import io.backstay.twin.ProcessDiedError;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log whose device lost what was durable when a cut was made: there must be a way on. */
class ShortLogTest extends CutsGround {
  private static final long RING_BYTES = 64 << 20;
  private Cut snapshot;

  /** Redo finds no pack where the first one was, and so nothing behind it. */
  @BeforeEach
  void loseALogThatWasFollowed() throws Exception {
    checkpointInterval = Duration.ofHours(1);
    make(RING_BYTES);
    Session session = volume.openSession(1, UUID, 5);
    for (int i = 0; i < 20; i++) write(4096);
    snapshot = volume.snapshot(Optional.of("kept"), Optional.empty());
    disk.powerLoss(random);
    LogLayout layout = LogLayout.forDevice(4096, RING_BYTES + 3 * 4096);
    disk.rot("/dev/log", layout.physicalBytes(session.firstLsid()), 5);
  }

  private void accept() throws IOException {
    volume = LoggedVolume.open(parts(), true);
    client = new Client(volume);
  }

  @Test
  void itIsNotServedAndSaysWhatCanBeDone() {
    assertThatThrownBy(this::open)
        .isInstanceOf(LogTooShortException.class)
        .hasMessageContaining("was durable up to %d".formatted(snapshot.lsid()))
        .hasMessageContaining("backstay volume accept-loss vol0")
        .hasMessageContaining("backstay backup full vol0");
  }

  /** Rule M2: archives have what was written there, so nothing of it is ever said again. */
  @Test
  void whoAcceptsTheLossGoesOnInALocalSessionAboveAllThatWas() throws Exception {
    accept();
    Session local = volume.history().session();
    assertThat(local.isLocal()).isTrue();
    assertThat(local.number()).isEqualTo(2);
    assertThat(local.firstLsid()).isEqualTo(snapshot.lsid());
    assertThat(refusal(() -> volume.snapshot(Optional.empty(), Optional.empty())))
        .isEqualTo(RefusalCode.NOT_PROTECTED);
    SessionUuid next = new SessionUuid(3, 3);
    assertThat(refusal(() -> volume.openSession(3, next, snapshot.gid())))
        .isEqualTo(RefusalCode.VERSION_CONFLICT);
    volume.openSession(3, next, snapshot.gid() + 1);
    assertIsServedOn();
  }

  private void assertIsServedOn() throws IOException {
    byte[] zeroes = new byte[BYTES];
    assertThat(client.write(0, zeroes, false)).isZero();
    System.arraycopy(zeroes, 0, model, 0, BYTES);
    write(4096);
    assertThat(client.flush()).isZero();
    disk.powerLoss(random);
    open();
    assertContent();
  }

  /** Each step is durable before the next; who dies accepts it again. */
  @Test
  void whoDiesWhileTheLossIsAcceptedCanAcceptItAgain() throws Exception {
    boolean died = true;
    for (int at = 1; died; at++) {
      died = diesAt(at);
      disk.powerLoss(random);
      try {
        open();
      } catch (LogTooShortException e) {
        accept();
      }
      assertThat(volume.history().session().isLocal()).isTrue();
      assertThat(volume.history().session().firstLsid()).isEqualTo(snapshot.lsid());
      if (!died) assertIsServedOn();
      disk.powerLoss(random);
      loseItAgain();
    }
  }

  private boolean diesAt(long at) throws IOException {
    AtomicLong operations = new AtomicLong();
    disk.beforeEachOperation(operation -> {
      if (operations.incrementAndGet() == at) disk.processDeath();
    });
    try {
      accept();
      return false;
    } catch (ProcessDiedError e) {
      return true;
    } finally {
      disk.beforeEachOperation(_ -> {});
    }
  }

  private void loseItAgain() throws Exception {
    open();
    Session before = volume.history().session();
    Session session =
        volume.openSession(
            before.number() + 1, new SessionUuid(before.number(), 1), snapshot.gid() + 1);
    write(4096);
    snapshot = volume.snapshot(Optional.empty(), Optional.empty());
    disk.powerLoss(random);
    LogLayout layout = LogLayout.forDevice(4096, RING_BYTES + 3 * 4096);
    disk.rot("/dev/log", layout.physicalBytes(session.firstLsid()), 5);
  }
}
