package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.Time;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A late write of a connection that is gone never lands over a newer one (rule L8). */
@Timeout(60)
class RuleL8Test {
  /** At most one request waits for its answer, so that the next one stays in the socket. */
  private static final NbdLimits ONE_REQUEST =
      new NbdLimits(1 << 20, 1 << 20, 8 << 20, 1, 1 << 20, 16, 16, 4096, Duration.ofMinutes(1), 2);

  @TempDir Path directory;
  private final GatedExport export = new GatedExport();
  private NbdServer server;
  private NbdListener unix;
  private NbdListener tcp;

  /** With all TCP clients elsewhere, as far as the server knows. */
  private void serve(NbdLimits limits, WriteCache writeCache) throws IOException {
    server =
        new NbdServer(
            Time.system(),
            limits,
            new SimpleMeterRegistry(),
            Optional.empty(),
            remote -> !(remote instanceof InetSocketAddress));
    server.add(export, writeCache);
    unix = server.listenUnix(directory.resolve("s"), Served.NAME);
    tcp = server.listenTcp("127.0.0.1:0", any -> true);
  }

  @AfterEach
  void stop() {
    export.open();
    server.close();
  }

  private SocketAddress nearAddress() {
    return UnixDomainSocketAddress.of(unix.address());
  }

  private RawClient near() throws IOException {
    return RawClient.using(Served.NAME, nearAddress());
  }

  private RawClient far() throws IOException {
    return RawClient.using(Served.NAME, farAddress());
  }

  private SocketAddress farAddress() {
    int port = Integer.parseInt(tcp.address().substring(tcp.address().lastIndexOf(':') + 1));
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private static final byte[] BYTES = new byte[512];

  @Test
  void aNewConnectionWaitsForWhatAnOlderOneHadSent() throws Exception {
    serve(ONE_REQUEST, WriteCache.DURABLE);
    try (RawClient witness = near();
        RawClient old = near();
        RawClient young = RawClient.greeted(nearAddress())) {
      export.shut();
      old.write(0, 1, 0, BYTES);
      export.awaitKept(1);
      // Not read by the server: it has one request of this connection already.
      old.write(0, 2, 512, BYTES);
      goAndRead(young);
      letTheServerComeRound(witness);
      export.open();
      while (young.reply().type() != Protocol.REP_ACK) {}
      assertThat(young.answer(512).data()).hasSize(512);
    }
    assertThat(export.calls()).containsSubsequence("write 0 512", "write 512 512", "read 512 512");
  }

  /** So often that it has seen what somebody said before, and moved its socket between loops. */
  private static void letTheServerComeRound(RawClient witness) throws IOException {
    for (int i = 0; i < 100; i++) witness.read(4096, 512);
  }

  /** GO, and a read that follows at once. */
  private static void goAndRead(RawClient client) throws IOException {
    ByteBuffer go = NbdSocket.option(Protocol.OPT_GO, RawClient.wish(Served.NAME)).flip();
    ByteBuffer both = ByteBuffer.allocate(go.remaining() + Protocol.REQUEST_BYTES);
    both.put(go).put(RawClient.requestBytes(Protocol.READ, 0, 7, 512, 512).flip());
    client.send(both);
  }

  @Test
  void itWaitsForTheRestOfARequestThatOnlyBegan() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    try (RawClient witness = near();
        RawClient old = near();
        RawClient young = RawClient.greeted(nearAddress())) {
      old.send(RawClient.requestBytes(Protocol.WRITE, 0, 1, 512, 512));
      old.send(ByteBuffer.allocate(100).position(100));
      goAndRead(young);
      letTheServerComeRound(witness);
      old.send(ByteBuffer.allocate(412).position(412));
      while (young.reply().type() != Protocol.REP_ACK) {}
      assertThat(young.answer(512).data()).hasSize(512);
    }
    assertThat(export.calls()).containsSubsequence("write 512 512", "read 512 512");
  }

  @Test
  void aClientThatStopsInTheMiddleOfARequestIsCutWhenOthersWait() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    try (RawClient old = near()) {
      old.send(RawClient.requestBytes(Protocol.WRITE, 0, 1, 512, 512));
      try (RawClient young = near()) {
        assertThat(young.read(512, 512)).hasSize(512);
        assertThat(old.isClosed()).isTrue();
      }
    }
  }

  @Test
  void allConnectionsShareOneEventLoopByWhateverListenerTheyCame() throws Exception {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    MemoryExport noting =
        new MemoryExport("noting", 1 << 20) {
          @Override
          public int flush(Answer answer) {
            threads.add(Thread.currentThread());
            return DONE;
          }
        };
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    server.add(noting, WriteCache.DURABLE);
    NbdListener another = server.listenUnix(directory.resolve("n"), "noting");
    for (int i = 0; i < 6; i++) {
      for (SocketAddress address :
          List.of(farAddress(), UnixDomainSocketAddress.of(another.address()))) {
        try (RawClient client = RawClient.using("noting", address)) {
          client.request(Protocol.FLUSH, 0, 1, 0, 0);
          client.answer(0);
        }
      }
    }
    assertThat(threads).hasSize(1);
  }

  @Test
  void elsewhereTheFirstWriteClosesEveryOlderConnection() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    try (RawClient oldNear = near();
        RawClient oldFar = far();
        RawClient young = far()) {
      oldFar.store(0, BYTES);
      young.read(0, 512);
      oldFar.store(512, BYTES);
      young.store(1024, BYTES);
      assertThat(oldFar.isClosed()).isTrue();
      assertThat(oldNear.isClosed()).isTrue();
      young.store(1536, BYTES);
    }
  }

  @Test
  void aConnectionFromElsewhereIsClosedByTheFirstWriteOfANewerOneFromHere() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    try (RawClient oldFar = far();
        RawClient young = near()) {
      oldFar.store(0, BYTES);
      young.request(Protocol.TRIM, 0, 1, 0, 512);
      young.answer(0);
      assertThat(oldFar.isClosed()).isTrue();
    }
  }

  @Test
  void whatWasSentBehindTheFirstWriteOfANewerConnectionIsNotDone() throws Exception {
    serve(ONE_REQUEST, WriteCache.VOLATILE);
    try (RawClient old = far();
        RawClient young = far()) {
      export.shut();
      old.write(0, 1, 0, BYTES);
      export.awaitKept(1);
      old.write(0, 2, 512, BYTES);
      young.write(0, 3, 512, BYTES);
      export.awaitKept(2);
      export.open();
      assertThat(young.answer(0).cookie()).isEqualTo(3);
      assertThat(old.isClosed()).isTrue();
    }
    assertThat(export.calls()).containsExactly("write 0 512", "write 512 512");
  }

  @Test
  void connectionsOfThisMachineStay() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    try (RawClient old = near();
        RawClient young = near()) {
      young.store(0, BYTES);
      old.store(512, BYTES);
      young.store(0, BYTES);
    }
  }

  @Test
  void severalConnectionsAreOfferedToClientsOfThisMachineOnly() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    assertThat(flagsAt(nearAddress()) & Protocol.CAN_MULTI_CONN).isNotZero();
    assertThat(flagsAt(farAddress()) & Protocol.CAN_MULTI_CONN).isZero();
  }

  private static int flagsAt(SocketAddress address) throws IOException {
    try (RawClient client = RawClient.greeted(address)) {
      ByteBuffer told =
          client.option(Protocol.OPT_INFO, RawClient.wish(Served.NAME)).getFirst().bytes();
      return told.getShort(10);
    }
  }

  /** Rule L1. */
  @Test
  void aWriteFromElsewhereIsDurableUnlessTheVolumeSaysOtherwise() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.DURABLE);
    try (RawClient far = far()) {
      far.store(0, BYTES);
    }
    try (RawClient near = near()) {
      near.store(512, BYTES);
    }
    assertThat(export.calls()).containsExactly("write 0 512 durable", "write 512 512");
  }

  /** Rule L1. */
  @Test
  void aVolatileWriteCacheAnswersWritesFromElsewhereLikeThoseFromHere() throws Exception {
    serve(NbdLimits.DEFAULT, WriteCache.VOLATILE);
    try (RawClient far = far()) {
      far.store(0, BYTES);
    }
    assertThat(export.calls()).containsExactly("write 0 512");
  }
}
