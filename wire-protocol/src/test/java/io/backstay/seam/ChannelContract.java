package io.backstay.seam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Role;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Command;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link Network} and {@link Channel} does. */
@Timeout(60)
public abstract class ChannelContract {
  /** Identities that the network under test can have; the tests use no others. */
  protected static final Peer STORAGE = new Peer("contract", "s0", Role.STORAGE);

  protected static final Peer ARCHIVE = new Peer("contract", "a0", Role.ARCHIVE);

  /** Frames of 1 MiB that no network takes without a receiver. */
  private static final int FRAMES_TOO_MANY = 256;

  private Network.Listener listener;
  private Channel near;
  private Channel far;

  /** The network as the server of that identity has it; all of one test reach each other. */
  protected abstract Network network(Peer identity) throws IOException;

  @BeforeEach
  void connect() throws Exception {
    listener = network(ARCHIVE).listen("127.0.0.1:0");
    CompletableFuture<Channel> accepted = fork(() -> listener.accept());
    near = network(STORAGE).connect(listener.address());
    far = accepted.get();
  }

  @AfterEach
  void close() {
    near.close();
    far.close();
    listener.close();
  }

  @Test
  void eachEndKnowsWhoTheOtherIs() {
    assertThat(near.peer()).isEqualTo(ARCHIVE);
    assertThat(far.peer()).isEqualTo(STORAGE);
  }

  @Test
  void framesArriveInOrderBothWays() throws Exception {
    CompletableFuture<Void> echo =
        fork(() -> {
          for (int i = 0; i < 1000; i++) far.send(far.receive());
          return null;
        });
    CompletableFuture<Void> sending =
        fork(() -> {
          for (int i = 0; i < 1000; i++) near.send(Frame.of(new Message.ImageDurable(i)));
          return null;
        });
    for (int i = 0; i < 1000; i++) {
      assertThat(near.receive().message()).isEqualTo(new Message.ImageDurable(i));
    }
    sending.get();
    echo.get();
  }

  @Test
  void payloadsOfEverySizeArriveWithTheirChecksums() throws Exception {
    int[] sizes = {0, 1, 511, 65_535, 65_536, 65_537, 1 << 20, Payload.BYTES_MAX};
    CompletableFuture<Void> sending =
        fork(() -> {
          for (int size : sizes) near.send(frame(content(size), () -> {}));
          return null;
        });
    for (int size : sizes) {
      try (Payload payload = far.receive().payload()) {
        assertThat(payload.bytes()).isEqualTo(ByteBuffer.wrap(content(size)));
        assertThat(payload.checksums())
            .isEqualTo(Payload.checksumsOf(ByteBuffer.wrap(content(size))));
        assertThat(payload.firstDamagedBlock()).isEqualTo(-1);
      }
    }
    sending.get();
  }

  @Test
  void checksumsAreTheSendersAndNotComputedAnewOnTheWay() throws Exception {
    byte[] content = content(200_000);
    Frame frame = frame(content, () -> {});
    content[70_000] ^= 1;
    CompletableFuture<Void> sending = fork(() -> send(near, frame));
    try (Payload payload = far.receive().payload()) {
      assertThat(payload.firstDamagedBlock()).isEqualTo(1);
    }
    sending.get();
  }

  @Test
  void aDirectBufferIsSentFromItsPositionToItsLimit() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocateDirect(100_000);
    buffer.put(50, (byte) 1).put(99_949, (byte) 2).position(50).limit(99_950);
    CompletableFuture<Void> sending =
        fork(
            () -> send(near, new Frame(new Message.ImageDurable(1), Payload.of(buffer, () -> {}))));
    try (Payload payload = far.receive().payload()) {
      assertThat(payload.sizeBytes()).isEqualTo(99_900);
      assertThat(payload.bytes().get(0)).isEqualTo((byte) 1);
      assertThat(payload.bytes().get(99_899)).isEqualTo((byte) 2);
    }
    sending.get();
  }

  @Test
  void aSentPayloadIsReleasedOnceAlsoWhenTheConnectionIsGone() throws Exception {
    AtomicInteger released = new AtomicInteger();
    CompletableFuture<Void> sending =
        fork(() -> send(near, frame(content(1000), released::incrementAndGet)));
    far.receive().payload().close();
    sending.get();
    near.close();
    assertThatThrownBy(() -> near.send(frame(content(1000), released::incrementAndGet)))
        .isInstanceOf(ChannelClosedException.class);
    eventually(() -> released.get() == 2);
  }

  @Test
  void aSenderWaitsForAReceiverThatTakesNothing() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    byte[] content = content(1 << 20);
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    CompletableFuture<Void> sending =
        fork(() -> {
          thread.complete(Thread.currentThread());
          for (int i = 0; i < FRAMES_TOO_MANY; i++) {
            near.send(frame(content, () -> {}));
            sent.incrementAndGet();
          }
          return null;
        });
    eventually(() -> waits(thread.get()) || sending.isDone());
    for (int i = 0; i < FRAMES_TOO_MANY; i++) {
      assertThat(sent.get() - i).as("frames on their way").isLessThan(FRAMES_TOO_MANY / 2);
      far.receive().payload().close();
    }
    sending.get();
  }

  @Test
  void closingWakesTheOwnReceiverAndSender() throws Exception {
    CompletableFuture<Frame> receiving = fork(() -> near.receive());
    CompletableFuture<Void> sending =
        fork(() -> {
          byte[] content = content(1 << 20);
          while (true) near.send(frame(content, () -> {}));
        });
    near.close();
    near.close();
    assertThatThrownBy(receiving::get).hasCauseInstanceOf(ChannelClosedException.class);
    assertThatThrownBy(sending::get).hasCauseInstanceOf(ChannelClosedException.class);
  }

  @Test
  void closingWakesTheOtherEnd() throws Exception {
    CompletableFuture<Frame> receiving = fork(() -> far.receive());
    CompletableFuture<Void> sending =
        fork(() -> {
          byte[] content = content(1 << 20);
          while (true) far.send(frame(content, () -> {}));
        });
    near.close();
    assertThatThrownBy(receiving::get).hasCauseInstanceOf(ChannelClosedException.class);
    assertThatThrownBy(sending::get).hasCauseInstanceOf(ChannelClosedException.class);
  }

  @Test
  void anInterruptedReceiverStopsAndTheChannelStays() throws Exception {
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    CompletableFuture<Frame> receiving =
        fork(() -> {
          thread.complete(Thread.currentThread());
          return far.receive();
        });
    thread.get().interrupt();
    assertThatThrownBy(receiving::get).hasCauseInstanceOf(InterruptedException.class);
    CompletableFuture<Void> sending = fork(() -> send(near, Frame.of(new Message.ImageDurable(5))));
    assertThat(far.receive().message()).isEqualTo(new Message.ImageDurable(5));
    sending.get();
  }

  @Test
  void manyConnectionsLiveBesideEachOther() throws Exception {
    for (int i = 0; i < 20; i++) {
      CompletableFuture<Channel> accepted = fork(() -> listener.accept());
      try (Channel ours = network(STORAGE).connect(listener.address());
          Channel theirs = accepted.get()) {
        CompletableFuture<Void> sending =
            fork(() -> send(ours, Frame.of(new Message.Request(new Command.Describe()))));
        assertThat(theirs.receive().message())
            .isEqualTo(new Message.Request(new Command.Describe()));
        sending.get();
      }
    }
    CompletableFuture<Void> sending = fork(() -> send(far, Frame.of(new Message.ImageDurable(1))));
    assertThat(near.receive().message()).isEqualTo(new Message.ImageDurable(1));
    sending.get();
  }

  @Test
  void whereNobodyListensTheErrorNamesTheAddress() throws IOException {
    String address = listener.address();
    listener.close();
    assertThatThrownBy(() -> network(STORAGE).connect(address))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(address);
  }

  @Test
  void anAddressIsTakenOnce() throws IOException {
    assertThatThrownBy(() -> network(ARCHIVE).listen(listener.address()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(listener.address());
    try (Network.Listener other = network(ARCHIVE).listen("127.0.0.1:0")) {
      assertThat(other.address()).isNotEqualTo(listener.address());
    }
  }

  @Test
  void aClosedListenerWakesWhoAccepts() throws Exception {
    CompletableFuture<Channel> accepting = fork(() -> listener.accept());
    listener.close();
    assertThatThrownBy(accepting::get).hasCauseInstanceOf(ChannelClosedException.class);
    assertThatThrownBy(() -> listener.accept()).isInstanceOf(ChannelClosedException.class);
    CompletableFuture<Void> sending = fork(() -> send(near, Frame.of(new Message.ImageDurable(1))));
    assertThat(far.receive().message()).isEqualTo(new Message.ImageDurable(1));
    sending.get();
  }

  private static Void send(Channel channel, Frame frame) throws Exception {
    channel.send(frame);
    return null;
  }

  private static Frame frame(byte[] content, Runnable release) {
    Payload payload =
        content.length == 0 ? Payload.none() : Payload.of(ByteBuffer.wrap(content), release);
    return new Frame(new Message.ImageDurable(content.length), payload);
  }

  private static byte[] content(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return content;
  }

  private static boolean waits(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        || thread.getState() == Thread.State.TIMED_WAITING;
  }

  private static void eventually(Callable<Boolean> condition) throws Exception {
    while (!condition.call()) Thread.onSpinWait();
  }

  private static <T> CompletableFuture<T> fork(Callable<T> body) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            result.complete(body.call());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }
}
