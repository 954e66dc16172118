package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of a volume is counted, by kind, whether it is answered at once or later. */
@Timeout(60)
class NbdMetersTest {
  private static final int BLOCK = 4096;

  @TempDir Path directory;
  private final LateExport late = new LateExport(Served.NAME, Served.SIZE_BYTES);
  private Served served;

  @BeforeEach
  void serve() throws IOException {
    served = new Served(directory, late);
  }

  @AfterEach
  void stop() {
    served.close();
    late.close();
  }

  private long requests(String kind) {
    return served.meters.get("backstay.nbd.requests").tags(tags(kind)).timer().count();
  }

  private double bytes(String kind) {
    return served.meters.get("backstay.nbd.transferred").tags(tags(kind)).functionCounter().count();
  }

  private double errors(String kind) {
    return served.meters.get("backstay.nbd.errors").tags(tags(kind)).counter().count();
  }

  private static Tags tags(String kind) {
    return Tags.of("volume", Served.NAME, "kind", kind);
  }

  private static void ask(RawClient client, int command, long offset, long length)
      throws IOException {
    client.request(command, 0, 1, offset, length);
    assertThat(client.answer(command == Protocol.READ ? (int) length : 0).error()).isZero();
  }

  @Test
  void requestsAndBytesAreCountedByKind() throws IOException {
    try (RawClient client = RawClient.using(Served.NAME, served.unixAddress())) {
      for (int i = 0; i < 10; i++) {
        client.store(0, new byte[BLOCK]);
        ask(client, Protocol.READ, 0, 2 * BLOCK);
        ask(client, Protocol.TRIM, 0, 3 * BLOCK);
        ask(client, Protocol.WRITE_ZEROES, 0, 4 * BLOCK);
        ask(client, Protocol.FLUSH, 0, 0);
        ask(client, Protocol.CACHE, 0, BLOCK);
      }
    }
    assertThat(requests("write")).isEqualTo(10);
    assertThat(requests("read")).isEqualTo(10);
    assertThat(requests("trim")).isEqualTo(10);
    assertThat(requests("zeroes")).isEqualTo(10);
    assertThat(requests("flush")).isEqualTo(10);
    assertThat(requests("other")).isEqualTo(10);
    assertThat(bytes("write")).isEqualTo(10 * BLOCK);
    assertThat(bytes("read")).isEqualTo(10 * 2 * BLOCK);
    assertThat(bytes("trim")).isEqualTo(10 * 3 * BLOCK);
    assertThat(bytes("zeroes")).isEqualTo(10 * 4 * BLOCK);
  }

  /** As a client with a deep queue sends them, and all of them answered at once. */
  @Test
  void everyRequestOfABatchIsCounted() throws IOException {
    int depth = 64;
    served.server.remove(Served.NAME);
    served.server.add(new MemoryExport(Served.NAME, Served.SIZE_BYTES), WriteCache.DURABLE);
    try (RawClient client = RawClient.using(Served.NAME, served.tcpAddress())) {
      ByteBuffer all = ByteBuffer.allocate(depth * Protocol.REQUEST_BYTES);
      for (int i = 0; i < depth; i++) {
        all.put(RawClient.requestBytes(Protocol.READ, 0, i, (long) i * BLOCK, BLOCK).flip());
      }
      client.send(all);
      for (int i = 0; i < depth; i++) assertThat(client.answer(BLOCK).error()).isZero();
    }
    assertThat(requests("read")).isEqualTo(depth);
    assertThat(bytes("read")).isEqualTo(depth * BLOCK);
  }

  @Test
  void howLongARequestWaitsForTheVolumeIsMeasured() throws Exception {
    GatedExport gated = new GatedExport();
    try (Served waiting = new Served(Files.createDirectory(directory.resolve("w")), gated);
        RawClient client = RawClient.using(Served.NAME, waiting.unixAddress())) {
      gated.shut();
      client.request(Protocol.FLUSH, 0, 1, 0, 0);
      gated.awaitKept(1);
      long begun = System.nanoTime();
      while (System.nanoTime() - begun < 20_000_000) Thread.onSpinWait();
      gated.answerOne(0);
      assertThat(client.answer(0).error()).isZero();
      double total =
          waiting
              .meters
              .get("backstay.nbd.requests")
              .tags(tags("flush"))
              .timer()
              .totalTime(TimeUnit.MILLISECONDS);
      assertThat(total).isGreaterThanOrEqualTo(20);
      gated.open();
    }
  }

  @Test
  void whatFailsAndWhatIsRefusedIsCountedApart() throws IOException {
    GatedExport gated = new GatedExport();
    gated.fail(Errno.EIO);
    served.server.remove(Served.NAME);
    served.server.add(gated, WriteCache.DURABLE);
    try (RawClient client = RawClient.using(Served.NAME, served.tcpAddress())) {
      client.write(0, 1, 0, new byte[BLOCK]);
      assertThat(client.answer(0).error()).isEqualTo(Errno.EIO);
      client.request(Protocol.READ, 0, 2, 1, BLOCK);
      assertThat(client.answer(0).error()).isEqualTo(Errno.EINVAL);
    }
    assertThat(errors("write")).isEqualTo(1);
    assertThat(errors("read")).isZero();
    assertThat(bytes("write")).isZero();
    assertThat(served.meters.get("backstay.nbd.refused").counter().count()).isEqualTo(1);
  }

  @Test
  void aVolumeThatIsServedNoMoreHasNoMeters() throws IOException {
    try (RawClient client = RawClient.using(Served.NAME, served.unixAddress());
        RawClient other = RawClient.using(Served.NAME, served.tcpAddress())) {
      client.store(0, new byte[BLOCK]);
      other.store(0, new byte[BLOCK]);
      assertThat(served.meters.get("backstay.nbd.connections").gauge().value()).isEqualTo(2);
    }
    served.server.remove(Served.NAME);
    assertThat(served.meters.getMeters())
        .extracting(Meter::getId)
        .extracting(id -> id.getTag("volume"))
        .doesNotContain(Served.NAME);
    served.server.add(late, WriteCache.DURABLE);
    assertThat(requests("write")).isZero();
  }
}
