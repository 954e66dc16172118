package io.backstay.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.authority.Pem;
import io.backstay.pki.FixedTime;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenewalTest {
  private static final Instant MADE = Instant.parse("2026-11-21T08:00:00Z");

  @TempDir Path directory;
  private final Clock clock = new Clock();
  private Layout layout;
  private Renewal renewal;

  /** Goes on only when the test says so. */
  private static final class Clock implements Time {
    private Instant now = MADE;

    void pass(Duration duration) {
      now = now.plus(duration);
    }

    @Override
    public Instant now() {
      return now;
    }

    @Override
    public long nanos() {
      return Duration.between(MADE, now).toNanos();
    }

    @Override
    public void sleep(Duration duration) {
      pass(duration);
    }

    @Override
    public Gate gate() {
      return Time.system().gate();
    }

    @Override
    public Thread fork(String name, Runnable body) {
      return Time.system().fork(name, body);
    }

    @Override
    public RandomGenerator random() {
      return Time.system().random();
    }
  }

  @BeforeEach
  void makeGroup() throws Exception {
    layout = new Layout(directory.resolve("group"));
    GroupFile group = new Setup(layout, new FixedTime(MADE), port -> true).make(Wish.DEFAULT);
    renewal = new Renewal(layout, group, clock);
  }

  private Instant end(Path certificate) throws Exception {
    return Pem.certificate(Files.readAllBytes(certificate), "" + certificate)
        .getNotAfter()
        .toInstant();
  }

  private Instant endOfStorage() throws Exception {
    return end(layout.certificates().resolve("s0.crt"));
  }

  @Test
  void everyCertificateIsRenewedOnTheDayAfterHalfOfItsLife() throws Exception {
    Instant first = endOfStorage();
    for (int day = 0; day < 182; day++) {
      renewal.look();
      clock.pass(Duration.ofDays(1));
    }
    assertThat(endOfStorage()).isEqualTo(first);
    clock.pass(Duration.ofDays(1));
    renewal.look();

    Instant renewed = MADE.atOffset(ZoneOffset.UTC).plusDays(183).plusYears(1).toInstant();
    assertThat(endOfStorage()).as("rule K5").isEqualTo(renewed);
    OperatorFiles operator = OperatorFiles.of(layout);
    assertThat(end(operator.certificate())).isEqualTo(renewed);
    assertThat(end(operator.signing().certificate())).isEqualTo(renewed);
    assertThat(end(layout.certificates().resolve("c0-signing.crt"))).isEqualTo(renewed);
  }

  @Test
  void whileSomebodyChangesTheGroupItIsPutOff() throws Exception {
    clock.pass(Duration.ofDays(200));
    Instant before = endOfStorage();
    try (DirectoryLock change = DirectoryLock.tryTake(layout.changeLock()).orElseThrow()) {
      renewal.look();
      assertThat(endOfStorage()).isEqualTo(before);
    }
    renewal.look();
    assertThat(endOfStorage()).isAfter(before);
  }

  @Test
  void aFailureIsTriedAgainSoon() throws Exception {
    clock.pass(Duration.ofDays(200));
    Path key = layout.authority().resolve("ca.key");
    byte[] kept = Files.readAllBytes(key);
    Files.delete(key);
    renewal.look();
    Files.write(key, kept);
    Instant before = endOfStorage();
    clock.pass(Renewal.AGAIN_AFTER);
    renewal.look();
    assertThat(endOfStorage()).isAfter(before);
  }
}
