package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LimitsTest {
  private static final int KIB = 1024;
  private static final int MIB = 1024 * KIB;

  /** What one read of a socket may bring above a limit. */
  private static final int READ_BYTES = 256 * KIB;

  @TempDir Path directory;
  private final GatedExport export = new GatedExport();
  private Served served;

  @AfterEach
  void stop() {
    export.open();
    served.close();
  }

  private void serve(long connectionBytes, long totalBytes, int requests) throws IOException {
    NbdLimits limits =
        new NbdLimits(
            MIB,
            connectionBytes,
            totalBytes,
            requests,
            64 * KIB,
            4,
            8,
            4096,
            Duration.ofSeconds(1),
            2);
    served = new Served(directory, export, limits);
  }

  private RawClient client() throws IOException {
    return RawClient.using(Served.NAME, served.tcpAddress());
  }

  /** Sends so many writes from a thread of its own and takes the answers. */
  private Thread writer(RawClient client, int count, int bytes) {
    return Thread.startVirtualThread(() -> {
      try {
        for (int i = 0; i < count; i++) client.write(0, i, 0, new byte[bytes]);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    });
  }

  @Test
  void aConnectionIsReadNoMoreWhileTooManyBytesWaitForTheirAnswers() throws Exception {
    serve(64 * KIB, 64 * MIB, 100_000);
    int count = 2000;
    export.shut();
    try (RawClient client = client();
        RawClient other = client()) {
      Thread writer = writer(client, count, 4 * KIB);
      export.awaitKept(16);
      // The other is served meanwhile.
      assertThat(other.read(0, 512)).hasSize(512);
      for (int i = 0; i < count; i++) {
        export.awaitKept(1);
        export.answerOne(0);
        client.answer(0);
      }
      writer.join();
      assertThat(export.keptMax() * 4 * KIB).isLessThanOrEqualTo(64 * KIB);
      other.read(0, 512);
    }
    assertThat(served.server.bytesInFlight()).isZero();
  }

  @Test
  void aConnectionIsReadNoMoreWhileTooManyRequestsWaitForTheirAnswers() throws Exception {
    serve(64 * MIB, 64 * MIB, 10);
    int count = 20_000;
    export.shut();
    try (RawClient client = client()) {
      Thread writer =
          Thread.startVirtualThread(() -> {
            try {
              for (int i = 0; i < count; i++) client.request(Protocol.FLUSH, 0, i, 0, 0);
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      for (int i = 0; i < count; i++) {
        export.awaitKept(1);
        export.answerOne(0);
        client.answer(0);
      }
      writer.join();
      assertThat(export.keptMax()).isLessThanOrEqualTo(10);
    }
  }

  @Test
  void allConnectionsTogetherStopAtTheTotalAndGoOnAfterwards() throws Exception {
    serve(64 * MIB, 256 * KIB, 100_000);
    export.shut();
    List<RawClient> clients = new ArrayList<>();
    List<Thread> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) clients.add(client());
    for (RawClient client : clients) writers.add(writer(client, 20, 100 * KIB / 512 * 512));
    for (int i = 0; i < 80; i++) {
      export.awaitKept(1);
      assertThat(served.server.bytesInFlight()).isLessThan(256 * KIB + 5L * READ_BYTES);
      export.answerOne(0);
    }
    for (RawClient client : clients) {
      for (int i = 0; i < 20; i++) client.answer(0);
      client.read(0, 512);
      client.close();
    }
    for (Thread writer : writers) writer.join();
    assertThat(served.server.bytesInFlight()).isZero();
  }

  @Test
  void halvesOfLargeWritesDoNotWaitForEachOtherForEver() throws Exception {
    serve(64 * MIB, 256 * KIB, 100);
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) clients.add(client());
    for (RawClient client : clients) {
      client.send(RawClient.requestBytes(Protocol.WRITE, 0, 1, 0, MIB));
      client.send(ByteBuffer.allocate(MIB / 4).position(MIB / 4));
    }
    List<Thread> rest = new ArrayList<>();
    for (RawClient client : clients) {
      rest.add(
          Thread.startVirtualThread(() -> {
            try {
              client.send(ByteBuffer.allocate(MIB * 3 / 4).position(MIB * 3 / 4));
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }));
    }
    for (RawClient client : clients) assertThat(client.answer(0).error()).isZero();
    for (Thread thread : rest) thread.join();
    for (RawClient client : clients) client.read(0, 512);
    assertThat(served.server.bytesInFlight()).isZero();
    for (RawClient client : clients) client.close();
  }

  @Test
  void whoDoesNotTakeItsAnswersIsReadNoMoreUntilItDoes() throws Exception {
    serve(64 * MIB, 64 * MIB, 100_000);
    int count = 1000;
    try (RawClient client = client()) {
      Thread asker =
          Thread.startVirtualThread(() -> {
            try {
              for (int i = 0; i < count; i++) client.request(Protocol.READ, 0, i, 0, 16 * KIB);
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      for (int i = 0; i < count; i++) assertThat(client.answer(16 * KIB).cookie()).isEqualTo(i);
      asker.join();
    }
  }

  @Test
  void manyLargeReadsInOnePieceTakeNoMoreMemoryThanFew() throws Exception {
    serve(64 * MIB, 64 * MIB, 100_000);
    int count = 500;
    ByteBuffer all = ByteBuffer.allocate(count * Protocol.REQUEST_BYTES);
    for (int i = 0; i < count; i++) {
      all.put(RawClient.requestBytes(Protocol.READ, 0, i, 0, MIB).flip());
    }
    try (RawClient client = client();
        RawClient other = RawClient.using(Served.NAME, served.unixAddress())) {
      client.send(all);
      other.read(0, 512);
      other.read(0, 512);
      for (int i = 0; i < count; i++) {
        assertThat(client.answer(MIB).cookie()).isEqualTo(i);
        if (i % 100 == 0) assertThat(served.server.memoryBytes()).isLessThan(48L * MIB);
      }
    }
  }

  @Test
  void whoTakesNoAnswersIsCutWhenItsMemoryIsWaitedFor() throws Exception {
    serve(64 * MIB, MIB, 100);
    try (RawClient deaf = client();
        RawClient other = client()) {
      for (int i = 0; i < 16; i++) deaf.request(Protocol.READ, 0, i, 0, MIB);
      for (int i = 0; i < 16; i++) assertThat(other.read(0, MIB)).hasSize(MIB);
    }
  }

  @Test
  void moreConnectionsThanTheLimitAreClosed() throws Exception {
    serve(MIB, MIB, 10);
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) clients.add(client());
    try (RawClient tooMany = RawClient.connect(served.unixAddress())) {
      assertThat(tooMany.isClosed()).isTrue();
    }
    for (RawClient client : clients) {
      assertThat(client.read(0, 512)).hasSize(512);
      client.close();
    }
  }

  @Test
  void endlessOptionsAndLongOnesEndTheConnection() throws Exception {
    serve(MIB, MIB, 10);
    try (RawClient client = RawClient.greeted(served.unixAddress())) {
      for (int i = 0; i < 8; i++) client.option(Protocol.OPT_LIST);
      client.send(NbdSocket.option(Protocol.OPT_LIST, new byte[0]));
      assertThat(client.isClosed()).isTrue();
    }
    try (RawClient client = RawClient.greeted(served.unixAddress())) {
      client.send(NbdSocket.option(Protocol.OPT_LIST, new byte[4097]));
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void whoChoosesNoExportInTimeIsClosed() throws Exception {
    serve(MIB, MIB, 10);
    try (RawClient silent = RawClient.connect(served.unixAddress());
        RawClient greeted = RawClient.greeted(served.tcpAddress());
        RawClient chosen = client()) {
      silent.read(18);
      assertThat(silent.isClosed()).isTrue();
      assertThat(greeted.isClosed()).isTrue();
      assertThat(chosen.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void requestsAreAtMostAsLongAsTheLimitSays() throws Exception {
    serve(64 * MIB, 64 * MIB, 10);
    try (RawClient client = client()) {
      client.store(0, new byte[MIB]);
      assertThatThrownBy(() -> client.store(0, new byte[MIB + 512])).hasMessageContaining("22");
      assertThat(client.read(0, MIB)).hasSize(MIB);
    }
  }
}
