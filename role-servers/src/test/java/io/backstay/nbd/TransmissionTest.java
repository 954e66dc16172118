package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TransmissionTest {
  @TempDir Path directory;
  private final GatedExport export = new GatedExport();
  private Served served;

  @BeforeEach
  void serve() throws IOException {
    served = new Served(directory, export);
  }

  @AfterEach
  void stop() {
    export.open();
    served.close();
  }

  private RawClient simple() throws IOException {
    return RawClient.using(Served.NAME, served.unixAddress());
  }

  private RawClient structured() throws IOException {
    return RawClient.usingAll(Served.NAME, served.tcpAddress());
  }

  private static byte[] pattern(int bytes, int fill) {
    byte[] pattern = new byte[bytes];
    Arrays.fill(pattern, (byte) fill);
    return pattern;
  }

  private static int errorOf(RawClient client, int command, int flags, long offset, long length)
      throws IOException {
    client.request(command, flags, 9, offset, length);
    return client.answer((int) length).error();
  }

  @Test
  void whatIsWrittenByOneConnectionIsReadByAnother() throws IOException {
    try (RawClient simple = simple();
        RawClient structured = structured()) {
      simple.store(4096, pattern(8192, 7));
      structured.store(1 << 20, pattern(512, 8));
      assertThat(structured.read(4096, 8192)).isEqualTo(pattern(8192, 7));
      assertThat(simple.read(1 << 20, 512)).isEqualTo(pattern(512, 8));
    }
  }

  /** Rule L9. */
  @Test
  void whoIsConnectedMayUseWhatAnExportGrewBy() throws IOException {
    export.resize(1 << 20);
    try (RawClient simple = simple();
        RawClient structured = structured()) {
      assertThat(errorOf(simple, Protocol.READ, 0, 1 << 20, 512)).isEqualTo(Errno.EINVAL);
      export.resize(2 << 20);
      simple.store((2 << 20) - 512, pattern(512, 3));
      assertThat(structured.read((2 << 20) - 512, 512)).isEqualTo(pattern(512, 3));
      assertThat(errorOf(simple, Protocol.READ, 0, 2 << 20, 512)).isEqualTo(Errno.EINVAL);
    }
  }

  @Test
  void aLargeWriteAndReadGoInManyPieces() throws IOException {
    byte[] bytes = new byte[3 << 20];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (i * 31 + i / 4096);
    for (RawClient client : List.of(simple(), structured())) {
      try (client) {
        client.store(512, bytes);
        assertThat(client.read(512, bytes.length)).isEqualTo(bytes);
      }
    }
  }

  @Test
  void requestsMayArriveByteByByte() throws IOException {
    try (RawClient client = structured()) {
      ByteBuffer head = RawClient.requestBytes(Protocol.WRITE, 0, 5, 0, 1024).flip();
      ByteBuffer all = ByteBuffer.allocate(28 + 1024).put(head).put(pattern(1024, 3)).flip();
      while (all.hasRemaining()) client.send(ByteBuffer.allocate(1).put(all.get()));
      assertThat(client.answer(0).error()).isZero();
      assertThat(client.read(0, 1024)).isEqualTo(pattern(1024, 3));
    }
  }

  @Test
  void manyRequestsInOnePieceAreAnsweredEachByItsCookie() throws IOException {
    int count = 1000;
    try (RawClient client = structured()) {
      ByteBuffer all = ByteBuffer.allocate(count * (28 + 512));
      for (int i = 0; i < count; i++) {
        all.put(RawClient.requestBytes(Protocol.WRITE, 0, i, i * 512L, 512).flip());
        all.put(pattern(512, i));
      }
      client.send(all);
      for (int i = 0; i < count; i++) assertThat(client.answer(0).cookie()).isEqualTo(i);
      assertThat(client.read(512 * 999, 512)).isEqualTo(pattern(512, 999));
    }
  }

  @Test
  void whatIsMisalignedIsInvalid() throws IOException {
    try (RawClient client = structured()) {
      assertThat(errorOf(client, Protocol.READ, 0, 1, 512)).isEqualTo(Errno.EINVAL);
      assertThat(errorOf(client, Protocol.READ, 0, 0, 511)).isEqualTo(Errno.EINVAL);
      assertThat(errorOf(client, Protocol.TRIM, 0, 256, 512)).isEqualTo(Errno.EINVAL);
      client.write(0, 1, 100, pattern(512, 1));
      assertThat(client.answer(0).error()).isEqualTo(Errno.EINVAL);
      assertThat(client.read(0, 512)).isEqualTo(new byte[512]);
      assertThat(export.calls()).containsExactly("read 0 512");
    }
  }

  @Test
  void whatReachesBeyondTheEndIsInvalidForReadsAndNoSpaceForWrites() throws IOException {
    long end = Served.SIZE_BYTES;
    try (RawClient client = structured()) {
      for (long offset : new long[] {end, end - 512, Long.MAX_VALUE - 511, -512}) {
        assertThat(errorOf(client, Protocol.READ, 0, offset, 1024)).isEqualTo(Errno.EINVAL);
        assertThat(errorOf(client, Protocol.TRIM, 0, offset, 1024)).isEqualTo(Errno.EINVAL);
        assertThat(errorOf(client, Protocol.WRITE_ZEROES, 0, offset, 1024)).isEqualTo(Errno.ENOSPC);
        client.write(0, 1, offset, pattern(1024, 1));
        assertThat(client.answer(0).error()).isEqualTo(Errno.ENOSPC);
      }
      assertThat(errorOf(client, Protocol.WRITE_ZEROES, 0, 0, 0xfffffe00L)).isEqualTo(Errno.ENOSPC);
      assertThat(export.calls()).isEmpty();
      client.store(end - 512, pattern(512, 1));
    }
  }

  @Test
  void whatNobodyKnowsIsInvalidAndTheConnectionStays() throws IOException {
    try (RawClient client = structured()) {
      assertThat(errorOf(client, 8, 0, 0, 512)).isEqualTo(Errno.EINVAL);
      assertThat(errorOf(client, 0xffff, 0, 0, 512)).isEqualTo(Errno.EINVAL);
      assertThat(errorOf(client, Protocol.READ, 1 << 5, 0, 512)).isEqualTo(Errno.EINVAL);
      assertThat(errorOf(client, Protocol.READ, Protocol.FLAG_NO_HOLE, 0, 512))
          .isEqualTo(Errno.EINVAL);
      assertThat(errorOf(client, Protocol.FLUSH, 0, 0, 512)).isEqualTo(Errno.EINVAL);
      assertThat(errorOf(client, Protocol.READ, 0, 0, 0)).isEqualTo(Errno.EINVAL);
      assertThat(export.calls()).isEmpty();
      assertThat(client.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void dontFragmentIsForStructuredRepliesOnly() throws IOException {
    try (RawClient simple = simple();
        RawClient structured = structured()) {
      assertThat(errorOf(simple, Protocol.READ, Protocol.FLAG_DF, 0, 512)).isEqualTo(Errno.EINVAL);
      assertThat(errorOf(structured, Protocol.READ, Protocol.FLAG_DF, 0, 512)).isZero();
    }
  }

  @Test
  void whatIsTooLongIsRefusedAndReadOver() throws IOException {
    int tooLong = NbdLimits.REQUEST_BYTES_MAX + 4096;
    try (RawClient client = structured()) {
      assertThat(errorOf(client, Protocol.READ, 0, 0, tooLong)).isEqualTo(Errno.EINVAL);
      client.write(0, 3, 0, new byte[tooLong]);
      assertThat(client.answer(0).error()).isEqualTo(Errno.EINVAL);
      assertThat(client.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void behindAWriteOfAbsurdLengthTheConnectionEnds() throws IOException {
    try (RawClient client = simple()) {
      client.request(Protocol.WRITE, 0, 3, 0, 0xffffffffL);
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void behindAWrongMagicTheConnectionEndsAndOthersStay() throws IOException {
    try (RawClient bad = simple();
        RawClient good = simple()) {
      bad.send(ByteBuffer.allocate(28).putInt(0x12345678).position(28));
      assertThat(bad.isClosed()).isTrue();
      assertThat(good.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void forcedUnitAccessIsDurableAndTheFlagsOfZeroesArePassedOn() throws IOException {
    try (RawClient client = structured()) {
      client.write(Protocol.FLAG_FUA, 1, 0, pattern(512, 1));
      client.answer(0);
      client.store(512, pattern(512, 1));
      assertThat(errorOf(client, Protocol.TRIM, Protocol.FLAG_FUA, 0, 512)).isZero();
      int flags = Protocol.FLAG_NO_HOLE | Protocol.FLAG_FAST_ZERO;
      assertThat(errorOf(client, Protocol.WRITE_ZEROES, flags, 0, 4096)).isZero();
      assertThat(errorOf(client, Protocol.WRITE_ZEROES, Protocol.FLAG_FUA, 0, 4096)).isZero();
      assertThat(errorOf(client, Protocol.CACHE, Protocol.FLAG_FUA, 0, 4096)).isZero();
      assertThat(errorOf(client, Protocol.FLUSH, Protocol.FLAG_FUA, 0, 0)).isZero();
      assertThat(export.calls())
          .containsExactly(
              "write 0 512 durable",
              "write 512 512",
              "trim 0 512 durable",
              "zeroes 0 4096 keep fast",
              "zeroes 0 4096 durable",
              "flush");
    }
  }

  @Test
  void blockStatusJoinsEqualNeighboursAndMayBeAskedForOne() throws IOException {
    try (RawClient client = structured()) {
      client.store(4096, pattern(4096, 1));
      client.request(Protocol.BLOCK_STATUS, 0, 4, 0, 12288);
      ByteBuffer extents = ByteBuffer.wrap(client.answer(0).data());
      assertThat(extents.remaining()).isEqualTo(4 + 3 * 8);
      assertThat(extents.getInt()).isEqualTo(Protocol.BASE_ALLOCATION_ID);
      List<Integer> numbers = new ArrayList<>();
      while (extents.hasRemaining()) numbers.add(extents.getInt());
      assertThat(numbers).containsExactly(4096, 3, 4096, 0, 4096, 3);
      client.request(Protocol.BLOCK_STATUS, Protocol.FLAG_REQ_ONE, 4, 0, 12288);
      assertThat(client.answer(0).data()).hasSize(4 + 8);
    }
  }

  @Test
  void blockStatusMayBeAnsweredLateAndPastOtherAnswers() throws Exception {
    try (RawClient client = structured()) {
      client.store(4096, pattern(4096, 1));
      export.shut();
      client.request(Protocol.BLOCK_STATUS, 0, 4, 0, 8192);
      client.request(Protocol.BLOCK_STATUS, 0, 5, 4096, 4096);
      export.awaitKept(2);
      client.request(Protocol.READ, 0, 6, 4096, 512);
      assertThat(client.answer(512).cookie()).isEqualTo(6);
      export.answerNewest();
      RawClient.Answer second = client.answer(0);
      assertThat(second.cookie()).isEqualTo(5);
      ByteBuffer extents = ByteBuffer.wrap(second.data(), 4, 8);
      assertThat(extents.getInt()).isEqualTo(4096);
      assertThat(extents.getInt()).isZero();
      export.answerOne(0);
      assertThat(client.answer(0).data()).hasSize(4 + 2 * 8);
      client.request(Protocol.BLOCK_STATUS, 0, 7, 0, 8192);
      export.awaitKept(1);
      export.answerOne(Errno.EIO);
      assertThat(client.answer(0).error()).isEqualTo(Errno.EIO);
    }
  }

  @Test
  void blockStatusThatWasNotNegotiatedIsInvalid() throws IOException {
    try (RawClient client = simple()) {
      assertThat(errorOf(client, Protocol.BLOCK_STATUS, 0, 0, 512)).isEqualTo(Errno.EINVAL);
    }
  }

  @Test
  void whatTheVolumeCannotDoIsAnErrorOfThatRequest() throws IOException {
    export.fail(Errno.EIO);
    for (RawClient client : List.of(simple(), structured())) {
      try (client) {
        client.write(0, 1, 0, pattern(512, 1));
        assertThat(client.answer(0).error()).isEqualTo(Errno.EIO);
        assertThat(errorOf(client, Protocol.FLUSH, 0, 0, 0)).isEqualTo(Errno.EIO);
        assertThat(client.read(0, 512)).hasSize(512);
      }
    }
  }

  @Test
  void aReadOnlyExportIsReadAndNotWritten() throws IOException {
    export.readOnly = true;
    try (RawClient client = structured()) {
      client.write(0, 1, 0, pattern(512, 1));
      assertThat(client.answer(0).error()).isEqualTo(Errno.EPERM);
      assertThat(errorOf(client, Protocol.TRIM, 0, 0, 512)).isEqualTo(Errno.EPERM);
      assertThat(errorOf(client, Protocol.WRITE_ZEROES, 0, 0, 512)).isEqualTo(Errno.EPERM);
      assertThat(client.read(0, 512)).hasSize(512);
      assertThat(export.calls()).containsExactly("read 0 512");
    }
    try (RawClient client = RawClient.greeted(served.unixAddress())) {
      ByteBuffer told =
          client.option(Protocol.OPT_INFO, RawClient.wish(Served.NAME)).getFirst().bytes();
      int flags = told.getShort(10);
      assertThat(flags & Protocol.READ_ONLY).isNotZero();
      assertThat(flags & (Protocol.SEND_TRIM | Protocol.SEND_WRITE_ZEROES)).isZero();
    }
  }

  @Test
  void anExportIsClosedOnlyWhenItAnsweredTheRequestsOfTheGoneToo() throws Exception {
    export.shut();
    try (RawClient client = structured()) {
      client.write(0, 1, 0, pattern(512, 1));
      export.awaitKept(1);
    }
    Thread removal = Thread.startVirtualThread(() -> served.server.remove(Served.NAME));
    assertThat(export.keptNow()).isEqualTo(1);
    export.open();
    removal.join();
    assertThat(served.server.bytesInFlight()).isZero();
  }

  @Test
  void answersMayComeLaterAndInAnyOrder() throws IOException, InterruptedException {
    export.shut();
    try (RawClient client = structured()) {
      for (int i = 0; i < 3; i++) client.write(0, i, i * 512L, pattern(512, i));
      export.awaitKept(3);
      assertThat(client.read(0, 512)).hasSize(512);
      export.answerNewest();
      assertThat(client.answer(0).cookie()).isEqualTo(2);
      export.answerOne(Errno.ENOSPC);
      RawClient.Answer first = client.answer(0);
      assertThat(first.cookie()).isZero();
      assertThat(first.error()).isEqualTo(Errno.ENOSPC);
      Export.Answer last = export.answerNewest();
      assertThat(client.answer(0).cookie()).isEqualTo(1);
      assertThatThrownBy(() -> last.done(0)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void whoDisconnectsGetsTheAnswersToWhatItAsked() throws IOException, InterruptedException {
    export.shut();
    try (RawClient client = structured()) {
      client.write(0, 1, 0, pattern(512, 1));
      client.request(Protocol.DISCONNECT, 0, 0, 0, 0);
      export.awaitKept(1);
      export.open();
      assertThat(client.answer(0).cookie()).isEqualTo(1);
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void anExportIsClosedOnceAllThatWasAskedIsAnswered() throws IOException, InterruptedException {
    export.shut();
    try (RawClient client = structured()) {
      client.write(0, 1, 0, pattern(512, 1));
      export.awaitKept(1);
      Thread removal = Thread.startVirtualThread(() -> served.server.remove(Served.NAME));
      export.open();
      removal.join();
      assertThat(client.answer(0).cookie()).isEqualTo(1);
      assertThat(client.isClosed()).isTrue();
      assertThatThrownBy(this::simple).hasMessageContaining("there is no export");
    }
  }

  @Test
  void answersForAConnectionThatIsGoneHarmNobody() throws IOException, InterruptedException {
    export.shut();
    try (RawClient client = structured()) {
      for (int i = 0; i < 3; i++) client.write(0, i, i * 512L, pattern(512, i));
      export.awaitKept(3);
    }
    try (RawClient other = simple()) {
      export.open();
      assertThat(other.read(0, 512)).isEqualTo(pattern(512, 0));
      // Once more, so that the event loop came round.
      other.read(0, 512);
      assertThat(served.server.bytesInFlight()).isZero();
    }
  }
}
