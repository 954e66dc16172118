package io.backstay.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Role;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Memory of both sides is bounded whatever the other does. */
@Timeout(120)
class BackPressureTest {
  private static final int FRAME_BYTES = 1 << 20;
  private static final int FRAMES = 96;

  @TempDir private Path directory;
  private TestGroup group;
  private NettyNetwork storage;

  @BeforeEach
  void makeTheGroup() throws Exception {
    group = new TestGroup("home", directory);
    storage = group.network("s0", Role.STORAGE);
  }

  @AfterEach
  void close() {
    group.close();
  }

  @Test
  void aReceiverThatTakesNothingStopsTheSender() throws Exception {
    NettyNetwork archive = group.network("a0", Role.ARCHIVE);
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, archive.listen(TestGroup.ANY_PORT));
    Flood flood = new Flood(pair);
    flood.awaitBlocked();

    assertThat(flood.sent()).isLessThan(FRAMES);
    int queued = Math.toIntExact(Limits.DEFAULT.queuedBytes() / FRAME_BYTES);
    for (int i = 0; i < FRAMES; i++) {
      // Queued, one that is being read, and none with the reader: it is closed at once.
      assertThat(archive.payloadBuffersTaken()).isLessThanOrEqualTo(queued + 1);
      pair.server().receive().payload().close();
    }
    flood.awaitDone();
    assertThat(flood.heldMax() * (long) FRAME_BYTES)
        .isLessThanOrEqualTo(Limits.DEFAULT.sendingBytes() + FRAME_BYTES);
    assertThat(archive.payloadBuffersTaken()).isZero();
  }

  @Test
  void manyConnectionsShareOneBoundAndAllOfThemGoOn() throws Exception {
    int connections = 6;
    int budget = 8;
    Limits narrow =
        new Limits(
            Duration.ofSeconds(5),
            Duration.ofSeconds(24),
            16,
            16,
            8L << 20,
            2L << 20,
            budget * (long) FRAME_BYTES);
    NettyNetwork archive = group.network(group.credentials("a0", Role.ARCHIVE), narrow);
    var listener = archive.listen(TestGroup.ANY_PORT);
    List<Flood> floods = new ArrayList<>();
    List<CompletableFuture<Integer>> takers = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
      floods.add(new Flood(pair));
      takers.add(takeAll(pair.server(), archive));
    }
    for (CompletableFuture<Integer> taker : takers) {
      assertThat(taker.get()).isLessThanOrEqualTo(budget);
    }
    for (Flood flood : floods) flood.awaitDone();
    assertThat(archive.payloadBuffersTaken()).isZero();
  }

  /** Takes all frames on a thread of its own; the most buffers that it ever saw taken. */
  private static CompletableFuture<Integer> takeAll(Channel from, NettyNetwork memory) {
    CompletableFuture<Integer> most = new CompletableFuture<>();
    Time.system()
        .fork(
            "taker",
            () -> {
              int seen = 0;
              try {
                for (int i = 0; i < FRAMES; i++) {
                  seen = Math.max(seen, memory.payloadBuffersTaken());
                  from.receive().payload().close();
                }
                most.complete(seen);
              } catch (IOException | InterruptedException e) {
                most.completeExceptionally(e);
              }
            });
    return most;
  }

  /** Sends frame after frame on a thread of its own. */
  private static final class Flood {
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicInteger held = new AtomicInteger();
    private final AtomicInteger heldMax = new AtomicInteger();
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final Thread thread;

    Flood(TestGroup.Pair pair) {
      ByteBuffer content = ByteBuffer.allocateDirect(FRAME_BYTES);
      thread =
          Time.system()
              .fork(
                  "flood",
                  () -> {
                    try {
                      for (int i = 0; i < FRAMES; i++) {
                        heldMax.accumulateAndGet(held.incrementAndGet() - 1, Math::max);
                        pair.client()
                            .send(
                                new Frame(
                                    new Message.ImageDurable(i),
                                    Payload.of(content, held::decrementAndGet)));
                        sent.incrementAndGet();
                      }
                      done.complete(null);
                    } catch (IOException | InterruptedException e) {
                      done.completeExceptionally(e);
                    }
                  });
    }

    void awaitBlocked() {
      while (thread.getState() != Thread.State.WAITING) Thread.onSpinWait();
    }

    int sent() {
      return sent.get();
    }

    /** Payloads handed over and not closed yet, at most. */
    int heldMax() {
      return heldMax.get();
    }

    void awaitDone() throws Exception {
      done.get();
    }
  }
}
