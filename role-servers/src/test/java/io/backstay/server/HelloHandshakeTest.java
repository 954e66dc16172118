package io.backstay.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.seam.Time;
import io.backstay.server.HelloHandshake.Agreement;
import io.backstay.twin.ManualTime;
import io.backstay.twin.MemoryNetwork;
import io.backstay.twin.MemoryWire;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Message.Hello;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rule K1: only servers of one group talk. Rule K7: each release speaks N and N-1. */
@Timeout(20)
class HelloHandshakeTest {
  private static final Peer STORAGE = new Peer("g", "s0", Role.STORAGE);
  private static final Peer ARCHIVE = new Peer("g", "a0", Role.ARCHIVE);

  private final ManualTime time = new ManualTime(Instant.parse("2026-11-21T12:00:00Z"), 1);
  private final MemoryWire wire = new MemoryWire(Time.system());
  private final Network storage = new MemoryNetwork(wire, STORAGE);
  private Network.Listener listener;

  @BeforeEach
  void listen() throws IOException {
    listener = new MemoryNetwork(wire, ARCHIVE).listen("a0:1");
  }

  @AfterEach
  void close() {
    listener.close();
  }

  @Test
  void neighbouringReleasesAgreeOnTheHighestVersionThatBothSpeak() throws Exception {
    assertThat(meet(hello("g", "s0", 1, 2), hello("g", "a0", 2, 3)))
        .containsExactly(new Agreement(2, "test 3"), new Agreement(2, "test 2"));
    assertThat(meet(hello("g", "s0", 2, 3), hello("g", "a0", 1, 2)))
        .containsExactly(new Agreement(2, "test 2"), new Agreement(2, "test 3"));
    assertThat(meet(hello("g", "s0", 1, 1), hello("g", "a0", 1, 1)))
        .containsExactly(new Agreement(1, "test 1"), new Agreement(1, "test 1"));
  }

  @Test
  void releasesThatShareNoVersionSaySoAndPart() throws Exception {
    assertBothRefuse(hello("g", "s0", 1, 2), hello("g", "a0", 3, 4), RefusalCode.UNSUPPORTED);
    assertBothRefuse(hello("g", "s0", 3, 4), hello("g", "a0", 1, 2), RefusalCode.UNSUPPORTED);
  }

  @Test
  void anotherGroupIsRefusedWithAReason() throws Exception {
    assertBothRefuse(hello("work", "s0", 1, 1), hello("g", "a0", 1, 1), RefusalCode.WRONG_GROUP);
  }

  @Test
  void aNameThatIsNotTheCertificatesIsRefused() throws Exception {
    assertBothRefuse(hello("g", "s1", 1, 1), hello("g", "a0", 1, 1), RefusalCode.NOT_AUTHORISED);
  }

  @Test
  void aServerThatTakesAnotherNameIsNotTalkedTo() throws Exception {
    CompletableFuture<Agreement> answering =
        fork(() -> hello("g", "a1", 1, 1).answer(listener.accept()));
    try (Channel channel = storage.connect(listener.address())) {
      assertThat(
              catchThrowableOfType(
                      RefusedException.class, () -> hello("g", "s0", 1, 1).greet(channel))
                  .refusal()
                  .code())
          .isEqualTo(RefusalCode.NOT_AUTHORISED);
    }
    answering.get();
  }

  @Test
  void whoeverBeginsWithSomethingElseIsNotAnswered() throws Exception {
    CompletableFuture<Agreement> answering =
        fork(() -> hello("g", "a0", 1, 1).answer(listener.accept()));
    try (Channel channel = storage.connect(listener.address())) {
      channel.send(Frame.of(new Message.ImageDurable(1)));
      assertThatThrownBy(answering::get)
          .cause()
          .hasMessageContaining("s0 began with a ImageDurable, expected was a Hello");
    }
  }

  @Test
  void aSilentPeerIsClosedAfterTenSeconds() throws Exception {
    CompletableFuture<Agreement> answering =
        fork(() -> hello("g", "a0", 1, 1).answer(listener.accept()));
    try (Channel channel = storage.connect(listener.address())) {
      while (!answering.isDone()) {
        time.advance(Duration.ofSeconds(10));
        Thread.onSpinWait();
      }
      assertThatThrownBy(answering::get)
          .hasCauseInstanceOf(ChannelClosedException.class)
          .hasMessageContaining("no Hello within 10 s");
      assertThatThrownBy(channel::receive).isInstanceOf(ChannelClosedException.class);
    }
  }

  @Test
  void theDialerSaysWhoWasFoundInsteadOfTheServerThatWasMeant() throws Exception {
    CompletableFuture<Agreement> answering =
        fork(() -> hello("g", "a0", 1, 1).answer(listener.accept()));
    GroupDialer dialer = new GroupDialer(storage, hello("g", "s0", 1, 1));
    assertThatThrownBy(() -> dialer.dial("a7", "a0:1"))
        .isInstanceOf(UnreachableException.class)
        .hasMessage("a7 at a0:1: it is a0, a archive");
    assertThatThrownBy(answering::get).hasCauseInstanceOf(ChannelClosedException.class);
  }

  @Test
  void theDialerNamesServerAddressAndCause() {
    GroupDialer dialer = new GroupDialer(storage, hello("g", "s0", 1, 1));
    assertThatThrownBy(() -> dialer.dial("a9", "a9:1"))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContainingAll("a9 cannot be reached", "a9:1", "refused");
  }

  private HelloHandshake hello(String group, String name, int versionMin, int versionMax) {
    return new HelloHandshake(
        new Hello(group, name, versionMin, versionMax, "test " + versionMax), time);
  }

  private Agreement[] meet(HelloHandshake here, HelloHandshake there) throws Exception {
    CompletableFuture<Agreement> answering = fork(() -> there.answer(listener.accept()));
    try (Channel channel = storage.connect(listener.address())) {
      return new Agreement[] {here.greet(channel), answering.get()};
    }
  }

  private void assertBothRefuse(HelloHandshake here, HelloHandshake there, RefusalCode code)
      throws Exception {
    CompletableFuture<Agreement> answering = fork(() -> there.answer(listener.accept()));
    try (Channel channel = storage.connect(listener.address())) {
      RefusedException ours =
          catchThrowableOfType(RefusedException.class, () -> here.greet(channel));
      RefusedException theirs =
          (RefusedException)
              catchThrowableOfType(ExecutionException.class, answering::get).getCause();
      assertThat(ours.refusal()).isEqualTo(theirs.refusal());
      assertThat(ours.refusal().code()).isEqualTo(code);
    }
  }

  private static <T> CompletableFuture<T> fork(Callable<T> body) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Time.system()
        .fork(
            "other side",
            () -> {
              try {
                result.complete(body.call());
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            });
    return result;
  }
}
