package io.backstay.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Role;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import java.lang.foreign.MemorySegment;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NettyNetworkTest {
  @TempDir private Path directory;
  private TestGroup group;
  private NettyNetwork storage;
  private NettyNetwork archive;
  private Network.Listener listener;

  @BeforeEach
  void makeTheGroup() throws Exception {
    group = new TestGroup("home", directory);
    storage = group.network("s0", Role.STORAGE);
    archive = group.network("a0", Role.ARCHIVE);
    listener = archive.listen(TestGroup.ANY_PORT);
  }

  @AfterEach
  void close() {
    group.close();
  }

  @Test
  void bothSidesKnowWhoTheOtherIs() throws Exception {
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
    assertThat(pair.client().peer()).isEqualTo(new Peer("home", "a0", Role.ARCHIVE));
    assertThat(pair.server().peer()).isEqualTo(new Peer("home", "s0", Role.STORAGE));
  }

  @Test
  void framesArriveInOrderWithTheirPayloads() throws Exception {
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
    byte[] content = new byte[3 * 1024 * 1024 + 7];
    new Random(1).nextBytes(content);

    pair.client().send(numbered(1));
    pair.client().send(new Frame(new Message.ImageDurable(2), payload(content)));
    pair.client().send(numbered(3));

    assertThat(pair.server().receive().message()).isEqualTo(new Message.ImageDurable(1));
    try (Payload received = pair.server().receive().payload()) {
      assertThat(bytes(received)).isEqualTo(content);
      assertThat(received.firstDamagedBlock()).isEqualTo(-1);
      assertThat(received.bytes().isDirect()).isTrue();
      assertThat(MemorySegment.ofBuffer(received.bytes()).address() % BufferPool.ALIGNMENT_BYTES)
          .isZero();
    }
    assertThat(pair.server().receive().message()).isEqualTo(new Message.ImageDurable(3));
    assertThat(archive.payloadBuffersTaken()).isZero();
  }

  @Test
  void aSentPayloadIsClosedOnceItLeftOrIsLost() throws Exception {
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
    CompletableFuture<Void> closed = new CompletableFuture<>();
    ByteBuffer bytes = ByteBuffer.allocateDirect(1 << 20);
    pair.client()
        .send(
            new Frame(new Message.ImageDurable(1), Payload.of(bytes, () -> closed.complete(null))));
    closed.get();

    pair.client().close();
    AtomicInteger lost = new AtomicInteger();
    assertThatThrownBy(() ->
            pair.client()
                .send(
                    new Frame(
                        new Message.ImageDurable(1), Payload.of(bytes, lost::incrementAndGet))))
        .isInstanceOf(ChannelClosedException.class);
    assertThat(lost).hasValue(1);
  }

  @Test
  void whatArrivedBeforeTheEndIsStillTakenByAReceiverWithoutRoom() throws Exception {
    Limits oneAtATime =
        new Limits(Duration.ofSeconds(5), Duration.ofSeconds(24), 8, 8, 1, 1 << 20, 1);
    NettyNetwork narrow = group.network(group.credentials("a1", Role.ARCHIVE), oneAtATime);
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, narrow.listen(TestGroup.ANY_PORT));
    CountDownLatch left = new CountDownLatch(6);
    for (int i = 0; i < 6; i++) {
      ByteBuffer content = ByteBuffer.allocateDirect(70_000);
      pair.client()
          .send(new Frame(new Message.ImageDurable(i), Payload.of(content, left::countDown)));
    }
    left.await();
    pair.client().close();

    for (int i = 0; i < 6; i++) {
      Frame received = pair.server().receive();
      assertThat(received.message()).isEqualTo(new Message.ImageDurable(i));
      received.payload().close();
    }
    assertThatThrownBy(() -> pair.server().receive()).isInstanceOf(ChannelClosedException.class);
    assertThat(narrow.payloadBuffersTaken()).isZero();
  }

  @Test
  void closingWakesWhoeverWaitsOnEitherSide() throws Exception {
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
    CompletableFuture<Throwable> here = failureOf(pair.client());
    CompletableFuture<Throwable> there = failureOf(pair.server());

    pair.client().close();

    assertThat(here.get())
        .isInstanceOf(ChannelClosedException.class)
        .hasMessageContaining("this side");
    assertThat(there.get())
        .isInstanceOf(ChannelClosedException.class)
        .hasMessageContaining("s0 at 127.0.0.1")
        .hasMessageContaining("closed by the peer");
  }

  @Test
  void anAddressWhereNobodyListensIsNamed() throws Exception {
    String address = listener.address();
    listener.close();
    assertThatThrownBy(() -> storage.connect(address))
        .isInstanceOf(ConnectException.class)
        .hasMessageContaining(address)
        .hasMessageContaining("refused");
    assertThatThrownBy(() -> listener.accept()).isInstanceOf(ChannelClosedException.class);
    assertThatThrownBy(() -> storage.connect("nonsense")).hasMessageContaining("'nonsense'");
  }

  @Test
  void aPortThatIsTakenIsNamed() {
    assertThatThrownBy(() -> storage.listen(listener.address()))
        .hasMessageContaining(listener.address());
  }

  @Test
  void anInterruptedReceiverLeavesTheChannelOpen() throws Exception {
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Thread waiting =
        Time.system()
            .fork(
                "receiver",
                () -> {
                  try {
                    pair.server().receive();
                  } catch (Exception e) {
                    failure.complete(e);
                  }
                });
    waiting.interrupt();
    assertThat(failure.get()).isInstanceOf(InterruptedException.class);

    pair.client().send(numbered(5));
    assertThat(pair.server().receive().message()).isEqualTo(new Message.ImageDurable(5));
  }

  @Test
  void aSilentPeerIsGivenUpAndALivingOneIsNot() throws Exception {
    Limits impatient =
        new Limits(Duration.ofSeconds(5), Duration.ofMillis(600), 8, 8, 1 << 20, 1 << 20, 1 << 20);
    NettyNetwork quick = group.network(group.credentials("a1", Role.ARCHIVE), impatient);
    // The storage's own pulse is far slower than the archive's patience.
    try (LogLines log = new LogLines("io.backstay.net");
        Network.Listener quickly = quick.listen(TestGroup.ANY_PORT)) {
      TestGroup.Pair silent = TestGroup.Pair.connect(storage, quickly);
      NettyNetwork lively = group.network(group.credentials("s1", Role.STORAGE), impatient);
      TestGroup.Pair living = TestGroup.Pair.connect(lively, quickly);

      assertThatThrownBy(() -> silent.server().receive())
          .isInstanceOf(ChannelClosedException.class)
          .hasMessageContaining("nothing was heard of it for 600 ms");
      assertThat(log.all()).hasSize(1).first().asString().contains("s0 at 127.0.0.1");
      living.client().send(numbered(7));
      assertThat(living.server().receive().message()).isEqualTo(new Message.ImageDurable(7));
    }
  }

  @Test
  void aCutPeerIsNoticedByWhoeverOnlyReceivesAndByWhoeverOnlySends() throws Exception {
    Limits impatient =
        new Limits(Duration.ofSeconds(5), Duration.ofMillis(900), 8, 8, 1 << 20, 1 << 20, 1 << 20);
    NettyNetwork near = group.network(group.credentials("s1", Role.STORAGE), impatient);
    NettyNetwork far = group.network(group.credentials("a1", Role.ARCHIVE), impatient);
    try (LogLines log = new LogLines("io.backstay.net");
        Network.Listener behind = far.listen(TestGroup.ANY_PORT);
        HaltingWire wire = new HaltingWire(behind.address())) {
      Channel sender = near.connect(wire.address());
      Channel receiver = behind.accept();
      sender.send(numbered(1));
      assertThat(receiver.receive().message()).isEqualTo(new Message.ImageDurable(1));
      wire.halt();

      assertThatThrownBy(() -> sendWithoutEnd(sender))
          .isInstanceOf(ChannelClosedException.class)
          .hasMessageContaining("nothing was heard of it");
      assertThatThrownBy(receiver::receive)
          .isInstanceOf(ChannelClosedException.class)
          .hasMessageContaining("nothing was heard of it");
      assertThat(log.all()).hasSize(2);
    }
  }

  private static void sendWithoutEnd(Channel channel) throws Exception {
    while (true) channel.send(new Frame(new Message.ImageDurable(0), payload(new byte[1 << 20])));
  }

  static Frame numbered(long number) {
    return Frame.of(new Message.ImageDurable(number));
  }

  static Payload payload(byte[] content) {
    return Payload.of(ByteBuffer.allocateDirect(content.length).put(content).flip(), () -> {});
  }

  static byte[] bytes(Payload payload) {
    byte[] content = new byte[payload.sizeBytes()];
    payload.bytes().get(content);
    return content;
  }

  private static CompletableFuture<Throwable> failureOf(Channel channel) {
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Time.system()
        .fork(
            "receiver",
            () -> {
              try {
                failure.complete(new AssertionError("received " + channel.receive()));
              } catch (Exception e) {
                failure.complete(e);
              }
            });
    return failure;
  }
}
