package io.backstay.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Role;
import io.backstay.seam.ChannelContract;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MemoryNetworkTest {
  private static final Peer S0 = new Peer("g", "s0", Role.STORAGE);
  private static final Peer A0 = new Peer("g", "a0", Role.ARCHIVE);
  private static final String ADDRESS = "10.0.0.1:7000";

  private final ManualTime time = new ManualTime(Instant.EPOCH, 1);
  private final MemoryWire wire = new MemoryWire(time);
  private final MemoryNetwork storage = new MemoryNetwork(wire, S0);
  private final MemoryNetwork archive = new MemoryNetwork(wire, A0);
  private Network.Listener listener;
  private Channel near;
  private Channel far;

  @Nested
  class Contract extends ChannelContract {
    private final MemoryWire wire = new MemoryWire(Time.system());

    @Override
    protected Network network(Peer identity) {
      return new MemoryNetwork(wire, identity);
    }
  }

  @Nested
  class DelayedContract extends ChannelContract {
    private final MemoryWire wire = new MemoryWire(Time.system());

    @Override
    protected Network network(Peer identity) {
      wire.delay(Duration.ofNanos(20_000));
      return new MemoryNetwork(wire, identity);
    }
  }

  @BeforeEach
  void connect() throws Exception {
    listener = archive.listen(ADDRESS);
    near = storage.connect(ADDRESS);
    far = listener.accept();
  }

  @Test
  void aFrameArrivesWhenItsDelayHasPassed() throws Exception {
    wire.delay(Duration.ofSeconds(3));
    near.send(frame(1));
    CompletableFuture<Instant> arrival = new CompletableFuture<>();
    Thread receiver =
        time.fork(
            "receiver",
            () -> {
              try {
                far.receive();
                arrival.complete(time.now());
              } catch (Exception e) {
                arrival.completeExceptionally(e);
              }
            });
    while (receiver.isAlive()) time.advance(Duration.ofMillis(500));
    assertThat(arrival.get()).isAfterOrEqualTo(Instant.EPOCH.plusSeconds(3));
  }

  @Test
  void aCutLosesTheLastFramesButNeverOneInBetween() throws Exception {
    List<Integer> arrived = new ArrayList<>();
    for (int seed = 0; seed < 50; seed++) {
      Channel ours = storage.connect(ADDRESS);
      Channel theirs = listener.accept();
      for (int i = 0; i < 5; i++) ours.send(frame(i));
      wire.cut("a0", "s0", new Random(seed));
      int next = 0;
      try {
        while (true) {
          assertThat(theirs.receive().message()).isEqualTo(new Message.ImageDurable(next++));
        }
      } catch (ChannelClosedException e) {
        arrived.add(next);
      }
      assertThatThrownBy(() -> ours.send(frame(6))).isInstanceOf(ChannelClosedException.class);
    }
    assertThat(arrived).contains(0, 3, 5);
  }

  @Test
  void aPartitionCutsAndRefusesUntilItIsHealed() throws Exception {
    wire.partition("s0", "a0", new Random(1));
    assertThatThrownBy(() -> near.receive()).isInstanceOf(ChannelClosedException.class);
    assertThatThrownBy(() -> storage.connect(ADDRESS))
        .isInstanceOf(ConnectException.class)
        .hasMessageContaining(ADDRESS);
    wire.heal("a0", "s0");
    storage.connect(ADDRESS).close();
  }

  @Test
  void anAddressCanRefuse() throws Exception {
    wire.refuse(ADDRESS);
    assertThatThrownBy(() -> storage.connect(ADDRESS)).isInstanceOf(ConnectException.class);
    wire.accept(ADDRESS);
    storage.connect(ADDRESS).close();
  }

  @Test
  void serversOfTwoGroupsDoNotConnect() {
    MemoryNetwork stranger = new MemoryNetwork(wire, new Peer("other", "s0", Role.STORAGE));
    assertThatThrownBy(() -> stranger.connect(ADDRESS))
        .as("rule K5")
        .isInstanceOf(IOException.class)
        .hasMessageContaining("other");
  }

  @Test
  void aFrameDamagedInItsHeadClosesTheConnection() throws Exception {
    wire.damageNextFrame("s0", "a0", 20);
    near.send(frame(1));
    assertThatThrownBy(() -> far.receive())
        .as("rule K7")
        .isInstanceOf(ChannelClosedException.class)
        .hasMessageContaining("checksum");
    assertThatThrownBy(() -> near.receive()).isInstanceOf(ChannelClosedException.class);
  }

  @Test
  void damageToAPayloadIsLeftToTheReceiver() throws Exception {
    wire.damageNextFrame("s0", "a0", 100_000);
    byte[] content = new byte[200_000];
    near.send(
        new Frame(new Message.ImageDurable(1), Payload.of(ByteBuffer.wrap(content), () -> {})));
    try (Payload payload = far.receive().payload()) {
      assertThat(payload.firstDamagedBlock()).isEqualTo(1);
    }
  }

  @Test
  void theDeathOfAProcessIsSeenByTheOthersAndFeltByItself() throws Exception {
    archive.processDeath(new Random(1));
    assertThatThrownBy(() -> near.receive()).isInstanceOf(ChannelClosedException.class);
    assertThatThrownBy(() -> storage.connect(ADDRESS)).isInstanceOf(ConnectException.class);
    assertThatThrownBy(() -> far.receive()).isInstanceOf(ProcessDiedError.class);
    assertThatThrownBy(() -> listener.accept()).isInstanceOf(ProcessDiedError.class);
    MemoryNetwork next = new MemoryNetwork(wire, A0);
    try (Network.Listener again = next.listen(ADDRESS)) {
      storage.connect(again.address()).close();
    }
  }

  @Test
  void theHookSeesEveryOperationAndMayKill() throws Exception {
    List<String> seen = new ArrayList<>();
    wire.beforeEachOperation((server, operation) -> seen.add(server + " " + operation));
    near.send(frame(1));
    far.receive();
    assertThat(seen).containsExactly("s0 send ImageDurable a0", "a0 receive s0");
    wire.beforeEachOperation((server, operation) -> storage.processDeath(new Random(1)));
    assertThatThrownBy(() -> near.send(frame(2))).isInstanceOf(ProcessDiedError.class);
  }

  private static Frame frame(long number) {
    return Frame.of(new Message.ImageDurable(number));
  }
}
